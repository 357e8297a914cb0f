import ts from 'typescript';
import type { Marker } from './markers.js';

/**
 * How marked code is changed. A rule contains no names of the code, so the code may be rewritten as long as the guard
 * keeps the form that the rule is for.
 *
 * - `remove`: removes the statement (an `if` or a loop with its body), the property, the element or the argument.
 * - `never`, `always`: the condition becomes `false` or `true`. It is the condition of an `if` or a loop, or of a `?:`
 *   that is returned or assigned; otherwise it is the returned or assigned value itself.
 * - `value X`: X replaces the value that is returned, assigned or passed, or the whole body of a function. In place of
 *   a `throw`, X is returned.
 * - `drop operand N`: the outermost chain of `&&`, `||`, `+` or `^` loses its N-th operand.
 * - `drop item N`: the first list in the text loses its N-th item: arguments, the elements of an array, or properties.
 * - `unwrap`: the first argument of the first call replaces the call.
 * - `keep`: assigns only if there is no value yet.
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

/** Replaces the text between two offsets by another text. */
type Change = readonly [from: number, to: number, text: string];

/** The text of the marker's file without the guard. @throws Error if the rule does not fit the form of the code */
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
  if (ts.isVariableStatement(marked) || ts.isFunctionDeclaration(marked)) return undefined; // other code names it
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

/** The value of a statement, a declaration, a property or an expression; for a function, its result or its body. */
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

/** The first node for which `look` has a result, searched from the outside inwards and from left to right. */
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

/** Removes an item, with the comma or the operator beside it. */
function withoutItem(items: readonly ts.Node[] | undefined, index: number): Change | undefined {
  const [before, item, after] = [items?.[index - 1], items?.[index], items?.[index + 1]];
  if (!item) return undefined;
  if (before) return [before.end, item.end, ''];
  return [item.getStart(), after?.getStart() ?? item.end, ''];
}
