// npm run app:package: artifacts/package and the same as artifacts/eventferry.zip; npm run build comes first.
import { main } from './az.js';
import { root } from './environment.js';
import { writePackage } from './stage.js';

await main(async () => {
  await writePackage(root);
});
