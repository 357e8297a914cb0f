// npm run infra:smoke -- [--env NAME]: checks a real deployment and changes nothing. Run it after the first deployment
// and whenever you like.
import { azText, main } from './azure/az.js';
import { assumptions } from './azure/assumptions.js';
import { onlyEnvironment, outputsOf } from './azure/environment.js';

await main(() => {
  const outputs = outputsOf(onlyEnvironment(process.argv.slice(2)));
  const failed = assumptions.filter(({ name, otherwise, look }) => {
    const { args, expected } = look(outputs);
    let said: string;
    try {
      said = azText(...args);
    } catch (error) {
      said = (error as Error).message;
    }
    const holds = expected.test(said);
    process.stdout.write(
      holds ? `✔ ${name}\n` : `✘ ${name}\n  Look at: ${otherwise}\n  It said: ${said.slice(0, 400)}\n`,
    );
    return !holds;
  });
  process.stdout.write(`${assumptions.length - failed.length} of ${assumptions.length} hold.\n`);
  process.exitCode = failed.length === 0 ? 0 : 1;
});
