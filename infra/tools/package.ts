// npm run app:package: writes artifacts/package and a zip of it, artifacts/eventferry.zip. npm builds first (preapp:package).
import { main } from './azure/az.js';
import { root } from './azure/environment.js';
import { writePackage } from './app/stage.js';

await main(async () => {
  await writePackage(root);
});
