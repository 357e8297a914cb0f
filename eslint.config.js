import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const blob = '@azure/storage-blob';
const tables = '@azure/data-tables';

/** Each room of `src`: the rooms that it may import from, and the packages that live in it. */
const rooms = {
  // zod: what is stored, marks and cursors among it, is declared once, as a schema.
  core: { imports: [], packages: ['zod'] },
  storage: { imports: ['core'], packages: [blob, '@azure/identity'] },
  config: { imports: ['core', 'storage'], packages: ['zod'] },
  source: { imports: ['core', 'storage'], packages: [blob] },
  convert: { imports: ['core'], packages: ['zod'] },
  target: { imports: ['core'], packages: ['@eventstore/db-client', '@grpc/grpc-js'] },
  checkpoint: { imports: ['core', 'storage'], packages: [tables, 'zod'] },
  quarantine: { imports: ['core'], packages: [blob, 'zod'] },
  notify: { imports: ['core', 'checkpoint'], packages: [] },
  telemetry: {
    imports: ['core', 'config'],
    packages: ['@azure/identity', '@azure/monitor-*', '@opentelemetry/*', 'pino'],
  },
  engine: {
    imports: ['core', 'config', 'source', 'convert', 'target', 'checkpoint', 'quarantine', 'notify', 'telemetry'],
    packages: [],
  },
  verify: { imports: ['core', 'source', 'convert', 'target', 'checkpoint', 'quarantine', 'engine'], packages: [] },
  doctor: { imports: ['core', 'config', 'storage', 'source', 'target', 'checkpoint', 'engine'], packages: [] },
  dashboard: { imports: ['core', 'checkpoint', 'engine'], packages: [] },
  functions: { imports: ['core', 'config', 'engine', 'telemetry', 'dashboard'], packages: ['@azure/functions'] },
  cli: {
    imports: ['core', 'config', 'source', 'quarantine', 'engine', 'verify', 'doctor', 'dashboard', 'telemetry'],
    packages: ['commander', 'cli-progress'],
  },
};
const packages = [...new Set(Object.values(rooms).flatMap((room) => room.packages))];
/** The rooms that may ask the composition (`src/replicator.ts` and its like) for a replicator. */
const above = ['dashboard', 'functions', 'cli'];

function roomRules() {
  return Object.entries(rooms).map(([room, { imports, packages: own }]) => {
    const otherRooms = Object.keys(rooms).filter((other) => other !== room && !imports.includes(other));
    const patterns = [
      ...otherRooms.map((other) => ({ group: [`**/../${other}/**`], message: `${room}/ does not import ${other}/.` })),
      ...packages
        .filter((name) => !own.includes(name))
        .map((name) => ({ group: [name, `${name}/*`], message: `${name} lives in another room.` })),
      ...(above.includes(room)
        ? []
        : [{ group: ['**/replicator.js', '**/runtime.js'], message: `${room}/ is below the composition.` }]),
    ];
    return { files: [`src/${room}/**/*.ts`], rules: { 'no-restricted-imports': ['error', { patterns }] } };
  });
}

/** On Node 20 such a signal can be collected as garbage before it fires. */
const combinedSignals = ['any', 'timeout'].map((property) => ({
  object: 'AbortSignal',
  property,
  message: 'Use linkedAbort or withLinkedAbort of core/time.ts.',
}));

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'artifacts/**', 'test/fixtures/**', 'generated/**'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'dev/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
    },
  },
  ...roomRules(),
  {
    files: ['**/*.ts'],
    rules: { 'no-restricted-properties': ['error', ...combinedSignals] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config/config.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        ...combinedSignals,
        { object: 'process', property: 'env', message: 'Only config/config.ts reads the environment.' },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/main.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "MemberExpression[object.name='process'][property.name=/^(exit|exitCode|stdin|stdout|on|once|off)$/]",
          message:
            "Only cli/main.ts touches the process: its end, its streams, its signals. Commands have their host's.",
        },
      ],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      ...tseslint.configs.disableTypeChecked.languageOptions,
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly' },
    },
  },
  {
    files: ['src/dashboard/page/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['document', 'location', 'matchMedia', 'fetch', 'getComputedStyle', 'ResizeObserver', 'AbortSignal']
          .concat(['setTimeout', 'clearTimeout'])
          .map((name) => [name, 'readonly']),
      ),
    },
  },
  { files: ['**/*.mjs', 'dev/**', 'bench/**'], rules: { 'no-console': 'off' } },
);
