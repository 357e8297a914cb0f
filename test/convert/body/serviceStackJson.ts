import fc from 'fast-check';

/** Text that provokes a printer that does not know strings. */
const provoking = fc
  .array(fc.oneof(fc.constantFrom(...'{}[],: "\\\r\n\t/é\u2028😀'), fc.string({ maxLength: 4 })), { maxLength: 12 })
  .map((parts) => parts.join(''));

/** JSON as ServiceStack.Text writes it: no blanks, pure ASCII, control characters escaped. */
export const serviceStackJson: fc.Arbitrary<string> = fc
  .letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      provoking,
      fc.integer(),
      fc.boolean(),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(provoking, tie('value'), { maxKeys: 4 }),
    ),
  }))
  .value.map((value) => JSON.stringify(value).replace(/[\u007f-\uffff]/g, escaped));

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}
