import type { Outputs } from './environment.js';
import { logQuery } from './logQuery.js';
import { machineScript } from './machineScript.js';

/** Something that the files assume and that only a real deployment can prove. */
export interface Assumption {
  readonly name: string;
  /** What to look at when it does not hold. */
  readonly otherwise: string;
  /** `az` arguments whose output must match. */
  readonly look: (outputs: Outputs) => { readonly args: readonly string[]; readonly expected: RegExp };
}

/** A script on the machine; its exit code is the last thing that it prints. */
const machine =
  (script: string, expected: RegExp): Assumption['look'] =>
  (outputs) => ({
    args: [...machineScript(outputs, script), ...['--query', 'value[0].message', '--output', 'tsv']],
    expected,
  });

/** A query of the log whose count must be at least 1. */
const counted =
  (query: string): Assumption['look'] =>
  (outputs) => ({
    args: [...logQuery(outputs, query), ...['--query', '{Count: to_string(tables[0].rows[0][0])}', '--output', 'json']],
    expected: /"Count": "?[1-9]/,
  });

/** In order: each may depend on those before it. */
export const assumptions: readonly Assumption[] = [
  {
    name: 'The data disk is found and mounted at /data',
    otherwise: 'run /opt/eventferry/vm/mount-data on the machine; infra/vm/mount-data has the names of disks',
    look: machine('mountpoint /data', /exit code 0/),
  },
  {
    name: 'KurrentDB is installed at the version asked for, held, and live',
    otherwise: 'journalctl -u kurrentdb; apt-cache policy kurrentdb lists the versions',
    look: machine(
      '. /etc/eventferry/machine.env; dpkg-query -W -f "${Version}" kurrentdb | grep -q "$KURRENTDB_VERSION" && apt-mark showhold | grep -q kurrentdb && /opt/eventferry/vm/health | grep -q "\\"live\\":true"',
      /exit code 0/,
    ),
  },
  {
    name: 'The passwords are those of the vault, and admin:changeit is refused',
    otherwise: 'run /opt/eventferry/vm/set-users on the machine; it says what is wrong',
    look: machine('/opt/eventferry/vm/set-users', /exit code 0/),
  },
  {
    name: 'The drop-in counts in the unit of the server',
    otherwise: 'systemctl cat kurrentdb shows the unit as the package ships it',
    look: machine('systemctl show kurrentdb -p LimitNOFILE', /LimitNOFILE=65536/),
  },
  {
    name: 'The command line is installed from the package of the function app',
    otherwise: 'npm run app:deploy; the package must be packages/released-package.zip',
    look: machine('/usr/local/bin/eventferry --version', /exit code 0/),
  },
  {
    name: 'The timers of health and upkeep run',
    otherwise: 'systemctl list-timers on the machine',
    look: machine('systemctl is-active eventferry-health.timer eventferry-upkeep.timer', /exit code 0/),
  },
  {
    name: 'Every function is registered',
    otherwise: 'the log stream of the app; a load error leaves an app without functions',
    look: ({ AZURE_RESOURCE_GROUP: group, AZURE_FUNCTION_APP_NAME: app }) => ({
      args: [
        ...['functionapp', 'function', 'list', '--resource-group', group, '--name', app],
        ...['--query', '[].name', '--output', 'tsv'],
      ],
      expected: /^(?=[^]*dashboard)(?=[^]*replicate)(?=[^]*status)/,
    }),
  },
  {
    name: 'Every Key Vault reference is resolved',
    otherwise:
      'the roles of the app identity on each secret; then az functionapp restart, because the app remembers a failure for hours',
    look: ({ AZURE_RESOURCE_GROUP: group, AZURE_FUNCTION_APP_NAME: app }) => ({
      args: [
        ...['rest', '--method', 'get', '--url'],
        `/subscriptions/{subscriptionId}/resourceGroups/${group}/providers/Microsoft.Web/sites/${app}/config/configreferences/appsettings?api-version=2025-03-01`,
        ...['--query', "length(value[?properties.status!='Resolved'])", '--output', 'tsv'],
      ],
      expected: /^0$/,
    }),
  },
  {
    name: 'Runs of the timer succeed and are seen in Application Insights',
    otherwise:
      'npm run remote -- status; the roles Monitoring Metrics Publisher and Storage Blob Data Owner of the app identity',
    look: counted("AppRequests | where TimeGenerated > ago(15m) and Name == 'replicate' and Success | count"),
  },
  {
    name: 'What the app measures of itself arrives under the names that alerts ask for',
    otherwise: 'the log stream of the app says when telemetry cannot be sent; npm run ask -- runs',
    look: counted(
      "AppMetrics | where TimeGenerated > ago(15m) and Name == 'eventferry.runs' and isnotempty(Properties['end']) | count",
    ),
  },
  {
    name: 'Log lines of the app arrive as events with their facts',
    otherwise: 'npm run ask -- outages-and-stops; the capability WorkerOpenTelemetryEnabled of the worker',
    look: counted(
      "AppTraces | where TimeGenerated > ago(15m) and Message == 'run-ended' and isnotempty(Properties['end']) | count",
    ),
  },
  {
    name: 'Lines of health arrive in Log Analytics',
    otherwise:
      'the extension AzureMonitorLinuxAgent of the machine, and the facility of its lines (systemd writes daemon)',
    look: counted(
      "Syslog | where TimeGenerated > ago(15m) and ProcessName == 'eventstore-health' and isnotempty(parse_json(SyslogMessage)['live']) | count",
    ),
  },
  {
    name: 'Nothing else reaches the server: the machine has no public address',
    otherwise: 'az vm list-ip-addresses',
    look: ({ AZURE_RESOURCE_GROUP: group, EVENTSTORE_VM_NAME: vm }) => ({
      args: [
        ...['vm', 'list-ip-addresses', '--resource-group', group, '--name', vm],
        ...['--query', 'length([].virtualMachine.network.publicIpAddresses[])', '--output', 'tsv'],
      ],
      expected: /^0?$/,
    }),
  },
];
