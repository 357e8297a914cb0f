// npm run infra:snapshot: writes what each parameter file would deploy. Read the diff before you commit it.
import { main } from './azure/az.js';
import { parameterFiles, snapshot } from './azure/bicep.js';

await main(() => {
  for (const file of parameterFiles) {
    const { status, said } = snapshot(file, 'overwrite');
    if (status !== 0 || said !== '') throw new Error(`${file}: ${said}`);
    process.stdout.write(`${file.replace('.bicepparam', '.snapshot.json')}\n`);
  }
});
