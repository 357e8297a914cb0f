Error.stackTraceLimit = 0;
import { drawSchedule } from './schedule.js';
import { simulate } from './simulate.js';

const [from = 1, count = 1] = process.argv.slice(2).map(Number);
const verbose = process.argv.includes('-v');
const start = process.cpuUsage();
const ends = new Map<string, number>();
let happened = 0;
for (let seed = from; seed < from + count; seed++) {
  const schedule = drawSchedule(seed);
  if (verbose) console.log(JSON.stringify(schedule, undefined, 1));
  const result = await simulate(schedule, verbose ? (line) => console.log(line) : undefined);
  happened += result.happened;
  ends.set(result.end, (ends.get(result.end) ?? 0) + 1);
  if (result.violations.length > 0 || verbose) console.log(JSON.stringify(result));
}
const { user, system } = process.cpuUsage(start);
console.log([...ends], (user + system) / 1000 / count, 'ms CPU each', happened / count, 'happenings');
process.exit(0);
