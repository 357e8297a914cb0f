import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** The rooms of `src` that must not know each other, and the packages that belong to one room only. */
const room = (name, others, packages) => ({
  files: [`src/${name}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...others.map((other) => ({ group: [`**/${other}/**`], message: `${name}/ never imports ${other}/.` })),
          ...packages.map((name_) => ({ group: [name_, `${name_}/*`], message: `${name_} stays in its own folder.` })),
        ],
      },
    ],
  },
});

const blob = '@azure/storage-blob';
const tables = '@azure/data-tables';
const functions = '@azure/functions';
const eventStore = '@eventstore/db-client';
const grpc = '@grpc/grpc-js';

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
  room(
    'source',
    ['convert', 'target', 'checkpoint', 'engine', 'functions', 'cli'],
    [tables, functions, eventStore, grpc],
  ),
  room(
    'convert',
    ['source', 'target', 'checkpoint', 'engine', 'functions', 'cli'],
    [blob, tables, functions, eventStore, grpc],
  ),
  room('target', ['source', 'convert', 'checkpoint', 'engine', 'functions', 'cli'], [blob, tables, functions]),
  room(
    'checkpoint',
    ['source', 'convert', 'target', 'engine', 'functions', 'cli'],
    [blob, functions, eventStore, grpc],
  ),
  room(
    'quarantine',
    ['source', 'convert', 'target', 'checkpoint', 'engine', 'functions', 'cli'],
    [tables, functions, eventStore, grpc],
  ),
  room(
    'quarantine',
    ['source', 'convert', 'target', 'checkpoint', 'engine', 'functions', 'cli'],
    [tables, functions, eventStore, grpc],
  ),
  room('engine', ['functions', 'cli'], [blob, tables, functions, eventStore, grpc]),
  room('functions', ['cli'], [blob, tables, eventStore, grpc]),
  room('cli', ['functions'], [blob, tables, functions, eventStore, grpc]),
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config/config.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only config.ts reads the environment.' },
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
