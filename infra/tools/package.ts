// npm run app:package: writes artifacts/package and a zip of it, artifacts/eventferry.zip. npm builds first (preapp:package).
import { main } from './az.js';
import { root } from './environment.js';
import { writePackage } from './stage.js';

await main(async () => {
  await writePackage(root);
});
