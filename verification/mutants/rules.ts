import ts from 'typescript';
import type { Marker } from './markers.js';

/**
 * How marked code is changed. A rule names nothing that the code names, so the code may be rewritten as long as what
 * guards stays in the form that the rule is for.
 *
 * - `remove`: the statement goes, an `if` or a loop with all that is in it; or the property, the element, the argument.
 * - `never`, `always`: the condition becomes `false` or `true`: that of an `if` or a loop, or that of the `?:` that is
 *   returned or assigned, or else what is returned or assigned itself.
 * - `value X`: what is returned, assigned or given becomes X, or all that a function does; in place of a `throw`, X is
 *   returned.
 * - `drop operand N`: the outermost chain of `&&`, `||`, `+` or `^` loses its N-th operand.
 * - `drop item N`: the first list in the text loses its N-th item: arguments, the elements of an array, or properties.
 * - `unwrap`: the first call gives its first argument.
 * - `keep`: what is assigned is assigned only where nothing was.
 */
export type Rule =
  | 'remove'
  | 'never'
  | 'always'
  | `value ${string}`
  | `drop operand ${number}`
  | `drop item ${number}`
  | 'unwrap'
  | 'keep';

/** The text between two places becomes another. */
type Change = readonly [from: number, to: number, text: string];

/** The marker's file without the guard. @throws Error where the rule is for code of another form */
export function withoutGuard({ name, file, source, marked }: Marker, rule: Rule): string {
  const change = marked && changeFor(marked, rule);
  if (!change) throw new Error(`${name}: the rule "${rule}" does not fit what is marked in ${file}`);
  const [from, to, text] = change;
  return source.text.slice(0, from) + text + source.text.slice(to);
}

function changeFor(marked: ts.Node, rule: Rule): Change | undefined {
  const [kind = '', what = '', number = ''] = rule.split(' ');
  switch (kind) {
    case 'remove':
      return removed(marked);
    case 'never':
      return becomes(conditionOf(marked), 'false');
    case 'always':
      return becomes(conditionOf(marked), 'true');
    case 'value':
      return ts.isThrowStatement(marked) ? becomes(marked, `return ${what};`) : becomes(valueOf(marked), what);
    case 'drop':
      return what === 'operand'
        ? withoutItem(first(marked, operandsOf), Number(number) - 1)
        : withoutItem(firstList(marked), Number(number) - 1);
    case 'unwrap': {
      const call = first(marked, (node) => (ts.isCallExpression(node) ? node : undefined));
      return becomes(call, call?.arguments[0]?.getText());
    }
    case 'keep': {
      const assigns = ts.isExpressionStatement(marked) && isAssignment(marked.expression) && marked.expression;
      return assigns ? becomes(assigns.operatorToken, '??=') : undefined;
    }
    default:
      return undefined;
  }
}

function becomes(node: ts.Node | undefined, text: string | undefined): Change | undefined {
  return node && text !== undefined ? [node.getStart(), node.end, text] : undefined;
}

function removed(marked: ts.Node): Change | undefined {
  if (ts.isVariableStatement(marked) || ts.isFunctionDeclaration(marked)) return undefined; // others name it
  if (ts.isStatement(marked)) return becomes(marked, ';');
  const list = listOf(marked.parent);
  return withoutItem(list, list?.indexOf(marked) ?? -1);
}

function conditionOf(marked: ts.Node): ts.ConciseBody | undefined {
  if (ts.isIfStatement(marked) || ts.isWhileStatement(marked) || ts.isDoStatement(marked)) return marked.expression;
  if (ts.isForStatement(marked)) return marked.condition;
  const value = valueOf(marked);
  return value && ts.isConditionalExpression(value) ? value.condition : value;
}

/** What a statement, a declaration, a property or an expression comes to; for a function, what it gives or does. */
function valueOf(node: ts.Node | undefined): ts.ConciseBody | undefined {
  if (!node) return undefined;
  if (ts.isVariableStatement(node)) return valueOf(node.declarationList.declarations[0]?.initializer);
  if (ts.isPropertyAssignment(node)) return valueOf(node.initializer);
  if (isAssignment(node)) return valueOf(node.right);
  if (ts.isArrowFunction(node)) return ts.isBlock(node.body) ? node.body : valueOf(node.body);
  if (
    ts.isReturnStatement(node) ||
    ts.isExpressionStatement(node) ||
    ts.isParenthesizedExpression(node) ||
    ts.isAwaitExpression(node) ||
    ts.isAsExpression(node)
  )
    return valueOf(node.expression);
  return ts.isExpression(node) ? node : undefined;
}

function isAssignment(node: ts.Node): node is ts.BinaryExpression {
  if (!ts.isBinaryExpression(node)) return false;
  const { kind } = node.operatorToken;
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

/** What the look finds first, from the outside inwards and from the left to the right. */
function first<T>(node: ts.Node, look: (node: ts.Node) => T | undefined): T | undefined {
  return look(node) ?? ts.forEachChild(node, (child) => first(child, look));
}

const chained: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.PlusToken,
  ts.SyntaxKind.CaretToken,
]);

/** The operands of a chain of one operator. */
function operandsOf(node: ts.Node): ts.Node[] | undefined {
  if (!ts.isBinaryExpression(node) || !chained.has(node.operatorToken.kind)) return undefined;
  const { left, right, operatorToken } = node;
  const isLonger = ts.isBinaryExpression(left) && left.operatorToken.kind === operatorToken.kind;
  return [...((isLonger && operandsOf(left)) || [left]), right];
}

function listOf(node: ts.Node): readonly ts.Node[] | undefined {
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) return node.arguments;
  if (ts.isArrayLiteralExpression(node)) return node.elements;
  return ts.isObjectLiteralExpression(node) ? node.properties : undefined;
}

function firstList(marked: ts.Node): readonly ts.Node[] | undefined {
  const lists: (readonly ts.Node[])[] = [];
  first(marked, (node) => {
    const list = listOf(node);
    if (list?.[0]) lists.push(list);
    return undefined;
  });
  return lists.sort(([one], [other]) => (one?.pos ?? 0) - (other?.pos ?? 0))[0];
}

/** With the comma or the operator that sets it apart from the others. */
function withoutItem(items: readonly ts.Node[] | undefined, index: number): Change | undefined {
  const [before, item, after] = [items?.[index - 1], items?.[index], items?.[index + 1]];
  if (!item) return undefined;
  if (before) return [before.end, item.end, ''];
  return [item.getStart(), after?.getStart() ?? item.end, ''];
}
