import { describe, expect, test } from 'vitest';

import { Decimal, formattedBody, jsonBody, serialize } from '../../../dev/writer/serviceStackJson.js';
import { storedBodies } from '../../convert/storeLines.js';

describe('the JSON of the sample writer', () => {
  test('The JSON of the sample writer is formatted exactly as the original formatted every body of a store', async () => {
    const bodies = await storedBodies('v3-multi-json-crlf');
    expect(bodies.length).toBeGreaterThan(1000);
    for (const { at, stored, json } of bodies)
      expect(formattedBody(json.toString('utf8')).equals(stored), `message ${at}`).toBe(true);
  });

  test('The JSON of the sample writer keeps 64-bit numbers and the zeros of decimals, writes dates and escapes as ServiceStack does', () => {
    const text = serialize({
      Id: 9_007_199_254_740_993n,
      Price: new Decimal('12.50'),
      On: new Date(1381829400000),
      Name: 'Gä\u{1F381}/"\\\r\n\t\u0001',
      Left: undefined,
      Tags: [],
      Active: true,
    });
    expect(text).toBe(
      '{"Id":9007199254740993,"Price":12.50,"On":"\\/Date(1381829400000)\\/",' +
        '"Name":"G\\u00E4\\uD83C\\uDF81/\\"\\\\\\r\\n\\t\\u0001","Tags":[],"Active":true}',
    );
  });

  test('The JSON of the sample writer stands between newlines, and text with commas and braces is broken as the original breaks it', () => {
    expect(jsonBody({ N: 1 }).toString()).toBe('\r\n{\r\n\t"N": 1\r\n}\r\n');
    expect(jsonBody({ Note: 'a, {b}' }).toString()).toBe('\r\n{\r\n\t"Note": "a,\r\n\t {\r\n\t\tb\r\n\t}"\r\n}\r\n');
  });
});
