import { expect, test } from 'vitest';
import { cut, printable, shortName } from '../../src/core/text.js';

test('Text of a store cannot control the terminal', () => {
  expect(printable('a\u001b[2Jb\r\nc\u009b\u202e\t ü/日')).toBe('a\\u001b[2Jb\\u000d\\u000ac\\u009b\\u202e\t ü/日');
});

test('JSON whose control characters are escaped says the same', () => {
  const value = { text: '\u009b2J \u2028 \\\u007f', 'na\u0085me': ['\u202e'] };
  const json = printable(JSON.stringify(value));
  expect(json).toMatch(/^[ -~]+$/);
  expect(JSON.parse(json)).toEqual(value);
});

test('A text that is cut ends in dots, is valid Unicode, and is not cut again', () => {
  expect(cut('abcdef', 6)).toBe('abcdef');
  const once = cut('abc\u{1f381}efgh', 7);
  expect([once, once.length]).toEqual(['abc\ufffd...', 7]);
  expect(cut(once, 7)).toBe(once);
});

test('A failure names at most 200 characters of a key or a type', () => {
  expect(shortName('x'.repeat(200))).toBe('x'.repeat(200));
  expect(shortName('x'.repeat(1_000_000))).toBe(`${'x'.repeat(197)}...`);
});
