import { describe, expect, test } from 'vitest';
import { settingsDigest } from '../../src/config/digest.js';

const settings = {
  SOURCE_ID: 'billing',
  EXCLUDE_KEYS: 'audit,func',
  BODY_MODE: 'auto',
  TYPE_MAP: 'Lokad.SaaS/UserLocked=UserLocked,Old=New',
  STRIP_NAMESPACES: 'Lokad.SaaS',
};

describe('the digest of the settings that decide what is written', () => {
  test('The digest of the settings is eight hex digits and stays what it is from version to version', () => {
    expect(settingsDigest({ SOURCE_ID: 'billing', EXCLUDE_KEYS: 'audit', BODY_MODE: 'auto' })).toBe('6295f44a');
  });

  test.each(Object.keys(settings))('The digest of the settings changes with %s', (name) => {
    expect(settingsDigest({ ...settings, [name]: 'other' })).not.toBe(settingsDigest(settings));
    expect(settingsDigest({ ...settings, [name]: '' })).not.toBe(settingsDigest(settings));
  });

  test('The digest of the settings does not depend on the order or the repetition of list items, nor on blanks around them', () => {
    const same = {
      ...settings,
      EXCLUDE_KEYS: ' func, audit ,,func',
      TYPE_MAP: 'Old=New,Lokad.SaaS/UserLocked=UserLocked',
    };
    expect(settingsDigest(same)).toBe(settingsDigest(settings));
  });

  test('The digest of the settings does not depend on the order in which the settings are given', () => {
    expect(settingsDigest(Object.fromEntries(Object.entries(settings).reverse()))).toBe(settingsDigest(settings));
  });

  test('The digest of the settings treats an empty setting as an absent one', () => {
    const without = Object.fromEntries(Object.entries(settings).filter(([name]) => name !== 'STRIP_NAMESPACES'));
    expect(settingsDigest({ ...settings, STRIP_NAMESPACES: '' })).toBe(settingsDigest(without));
  });

  test('The digest of the settings does not treat a source id with a comma as a list', () => {
    expect(settingsDigest({ ...settings, SOURCE_ID: 'a,b' })).not.toBe(
      settingsDigest({ ...settings, SOURCE_ID: 'b,a' }),
    );
  });

  test('The digest of the settings tells apart the same text under two names', () => {
    expect(settingsDigest({ EXCLUDE_KEYS: 'x' })).not.toBe(settingsDigest({ STRIP_NAMESPACES: 'x' }));
  });
});
