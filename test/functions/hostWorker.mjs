/**
 * A stand-in for the Functions host's Node.js worker (azure-functions-nodejs-worker: setupCoreModule, startApp,
 * InvocationHandler, terminateWorker). Given entry files as arguments it loads them with its own
 * `@azure/functions-core`, tells its parent what they registered, and then invokes and terminates as it is told.
 */
import { Buffer } from 'node:buffer';
import Module from 'node:module';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const functions = new Map();
const hooks = [];
const running = new Map();
let programmingModel;

class Disposable {
  dispose() {}
}

const core = {
  version: '3.9.1',
  hostVersion: '4.1052.200',
  Disposable,
  log: () => undefined,
  setProgrammingModel: (model) => {
    programmingModel = model;
  },
  getProgrammingModel: () => programmingModel,
  registerFunction: (metadata, callback) => {
    functions.set(metadata.name, { metadata, callback });
    return new Disposable();
  },
  registerHook: (name, callback) => {
    hooks.push({ name, callback });
    return new Disposable();
  },
};

Module.prototype.require = new Proxy(Module.prototype.require, {
  apply: (target, thisArg, args) => (args[0] === '@azure/functions-core' ? core : Reflect.apply(target, thisArg, args)),
});

for (const file of process.argv.slice(2)) await import(pathToFileURL(file).href);
process.send({
  type: 'loaded',
  functions: [...functions.values()].map(({ metadata }) => metadata),
  hooks: hooks.map(({ name }) => name),
});

process.on('message', (message) => void (message.type === 'invoke' ? invoke(message) : terminate()));

async function invoke({ invocationId, name, data }) {
  const { metadata, callback } = functions.get(name);
  const trigger = Object.entries(metadata.bindings).find(([, binding]) => binding.direction === 'in')[0];
  const invocation = {
    invocationId,
    metadata,
    request: {
      invocationId,
      functionId: name,
      inputData: [{ name: trigger, data }],
      triggerMetadata: {},
      traceContext: { traceParent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', traceState: '' },
    },
    state: undefined,
    log: (level, category, line) => {
      process.send({ type: 'log', invocationId, level, category, line });
      const traceContext = invocation.request.traceContext;
      for (const { callback } of hooksOf('log')) {
        callback({ level, category, message: line, invocationContext: { traceContext } });
      }
    },
  };
  running.set(invocationId, name);
  const answer = await answered(programmingModel.getInvocationModel(invocation), callback);
  for (const { callback } of hooksOf('postInvocation')) await callback({});
  await nextTurn(); // an answer leaves the worker a turn after it was made, and is lost when the process has gone by then
  running.delete(invocationId);
  process.send({ type: 'answer', invocationId, ...answer });
}

function hooksOf(name) {
  return hooks.filter((hook) => hook.name === name);
}

async function answered(model, callback) {
  const { context, inputs } = await model.getArguments();
  try {
    const result = await model.invokeFunction(context, inputs, callback);
    const { returnValue } = await model.getResponse(context, result);
    return { ok: true, ...(returnValue?.http && { http: httpAnswer(returnValue.http) }) };
  } catch (error) {
    return { ok: false, error: { message: error.message, stack: error.stack } };
  }
}

function httpAnswer({ statusCode, headers, body }) {
  return { status: Number(statusCode), headers, body: Buffer.from(body?.bytes ?? []).toString() };
}

/** Runs the hooks and goes, without a look at what still runs. */
async function terminate() {
  for (const { callback } of hooksOf('appTerminate')) await callback({ hookData: {} });
  process.send({ type: 'terminated', unanswered: [...running.keys()] }, () => process.exit(0));
}
