// Lists the API versions that have newer ones. The result changes with the date, so this is a report and never fails.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bicepCli } from '../../dev/bicep.js';
import { bicep } from './azure/bicep.js';
import { root } from './azure/environment.js';

const cli = bicepCli();
if ('missing' in cli) process.stdout.write(`The API versions were not checked: ${cli.missing}\n`);
else {
  const folder = mkdtempSync(join(tmpdir(), 'eventferry-'));
  try {
    const config = readFileSync(join(root, 'infra/bicepconfig.json'), 'utf8');
    const changed = config.replace(
      '"use-recent-api-versions": { "level": "off" }',
      '"use-recent-api-versions": { "level": "warning" }',
    );
    writeFileSync(join(folder, 'bicepconfig.json'), changed);
    const { said, stdout } = bicep('lint', 'infra/main.bicep', '--config', join(folder, 'bicepconfig.json'));
    const lines = `${said}${stdout}`.split('\n').filter((line) => line.includes('use-recent-api-versions'));
    process.stdout.write(`${lines.length === 0 ? 'Every API version is recent.' : lines.join('\n')}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
