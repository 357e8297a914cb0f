// Loaded before a program: writes down which files it loads as modules and which hosts it dials, one a line.
import { appendFileSync } from 'node:fs';
import { register } from 'node:module';
import { Socket } from 'node:net';

const file = process.env.WATCH_FILE;
const hooks = `
  import { appendFileSync } from 'node:fs';
  export async function resolve(specifier, context, next) {
    const found = await next(specifier, context);
    appendFileSync(${JSON.stringify(file)}, 'loads ' + found.url + '\\n');
    return found;
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

const { connect } = Socket.prototype;
Socket.prototype.connect = function (...args) {
  const [first] = Array.isArray(args[0]) ? args[0] : args;
  appendFileSync(file, `dials ${first?.path ?? first?.host ?? args[1] ?? 'localhost'}\n`);
  return connect.apply(this, args);
};
