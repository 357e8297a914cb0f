import { createRequire } from 'node:module';

/**
 * The parts of Kusto's own language service that are used here. The service adds `Kusto`, `System` and `Bridge` to the
 * global object, and its code needs them there. No other code uses these names. The only other change that it makes to
 * the global object is a property `$$inheritors` of `Object`.
 */
interface Kusto {
  readonly Language: {
    readonly GlobalState: { readonly Default: { WithDatabase(database: object): object } };
    readonly KustoCode: { ParseAndAnalyze(query: string, globals: object): Code };
    readonly Diagnostic: unknown;
    readonly Symbols: {
      readonly TableSymbol: { readonly $ctor7: new (name: string, schema: string, description: null) => object };
      readonly DatabaseSymbol: { readonly $ctor1: new (name: string, tables: object[], isOpen: boolean) => object };
    };
  };
}

interface Code {
  GetDiagnostics(): object;
  readonly ResultType?: { readonly Columns?: object | null } | null;
}

interface Linq {
  readonly Linq: { readonly Enumerable: { from(list: object, of?: unknown): { ToArray(of?: unknown): unknown[] } } };
}

const require = createRequire(import.meta.url);
require('@kusto/language-service-next/bridge.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.js');
const { Kusto: kusto, System: system } = globalThis as unknown as { readonly Kusto: Kusto; readonly System: Linq };
const { GlobalState, KustoCode, Diagnostic, Symbols } = kusto.Language;

/** The tables of a Log Analytics workspace that queries use, with the columns from the reference of Azure Monitor. */
const tables: Readonly<Record<string, string>> = {
  AppMetrics:
    'TimeGenerated: datetime, Name: string, Sum: real, Min: real, Max: real, ItemCount: int, Properties: dynamic, ' +
    'AppRoleName: string, AppRoleInstance: string, OperationName: string',
  AppTraces:
    'TimeGenerated: datetime, Message: string, SeverityLevel: int, ItemCount: int, Properties: dynamic, ' +
    'OperationId: string, OperationName: string, ParentId: string, AppRoleName: string, AppRoleInstance: string',
  AppRequests:
    'TimeGenerated: datetime, Id: string, Name: string, Success: bool, ResultCode: string, DurationMs: real, ' +
    'ItemCount: int, Properties: dynamic, OperationId: string, OperationName: string, AppRoleName: string',
  AppDependencies:
    'TimeGenerated: datetime, Id: string, Name: string, Success: bool, DependencyType: string, Target: string, ' +
    'DurationMs: real, Properties: dynamic, OperationId: string, ParentId: string, AppRoleName: string',
  Syslog:
    'TimeGenerated: datetime, EventTime: datetime, Computer: string, HostName: string, Facility: string, ' +
    'SeverityLevel: string, ProcessName: string, ProcessID: int, SyslogMessage: string',
};

const globals = GlobalState.Default.WithDatabase(
  new Symbols.DatabaseSymbol.$ctor1(
    'workspace',
    Object.entries(tables).map(([name, columns]) => new Symbols.TableSymbol.$ctor7(name, `(${columns})`, null)),
    false,
  ),
);

/** What the parser of Azure Monitor's query language finds in a query. */
export interface Analysis {
  /** Errors in syntax or meaning. */
  readonly wrong: readonly string[];
  /** The types of the answer's columns, by name. */
  readonly columns: Readonly<Record<string, string>>;
}

/** Parses a query and checks its names and types against the tables of a workspace. */
export function analyze(query: string): Analysis {
  const code = KustoCode.ParseAndAnalyze(query, globals);
  const found = system.Linq.Enumerable.from(code.GetDiagnostics(), Diagnostic).ToArray(Diagnostic);
  const columns = code.ResultType?.Columns ? system.Linq.Enumerable.from(code.ResultType.Columns).ToArray() : [];
  return {
    wrong: found.map((one) => (one as { readonly Message: string }).Message),
    columns: Object.fromEntries(
      (columns as { readonly Name: string; readonly Type: { readonly Name: string } }[]).map(({ Name, Type }) => [
        Name,
        Type.Name,
      ]),
    ),
  };
}

/** The operators of a query's last statement, in order and without comments. */
export function pipeline(query: string): string[] {
  const text = query.replace(/\/\/.*$/gm, '');
  const last = text.split(';').at(-1) ?? '';
  return last.split(/^\s*\|/m).map((part) => part.trim().replace(/\s+/g, ' '));
}

/**
 * Whether a query answers with exactly one row even when its tables are empty. It does when it summarizes everything
 * and no later operator can remove the row.
 */
export function alwaysOneRow(query: string): boolean {
  const operators = pipeline(query);
  const at = operators.findLastIndex((operator) => operator.startsWith('summarize '));
  const summary = operators[at];
  if (summary === undefined || / by /.test(summary)) return false;
  return operators.slice(at + 1).every((operator) => /^(extend|project) /.test(operator));
}
