export const outputs = {
  AZURE_RESOURCE_GROUP: 'rg-eventferry-dev',
  AZURE_FUNCTION_APP_NAME: 'func-x',
  EVENTSTORE_VM_NAME: 'vm-x',
  AZURE_KEY_VAULT_NAME: 'kv-x',
};

export const deployed = [
  "'deployment sub show'*",
  JSON.stringify(Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name.toLowerCase(), { value }]))),
] as const;
export const builtWith = (parameters: object) =>
  [
    "'bicep build-params'*",
    JSON.stringify({
      parametersJson: JSON.stringify({
        parameters: Object.fromEntries(
          Object.entries(parameters).map(([name, value]) => [name, { value: value as unknown }]),
        ),
      }),
    }),
  ] as const;
export const parameters = { environmentName: 'dev', location: 'westeurope', sourceKind: 'new' };
export const built = builtWith(parameters);
export const pausedNow = ["'functionapp config appsettings list'*", '["true"]'] as const;
export const names = [
  'eventstore-admin-password eventstore-ops-password eventferry-password eventstore-connection-string',
  'eventstore-ca eventstore-ca-key',
].join(' ');

/** A script on the machine prints this. */
export const machineSays = (said: string) =>
  [
    "'vm run-command invoke'*",
    JSON.stringify({ value: [{ message: `Enable succeeded:\n[stdout]\n${said}\n\n[stderr]\n` }] }),
  ] as const;
