import { appRules } from './appRules.js';
import { machineRules } from './machineRules.js';
import { monitoringRules } from './monitoringRules.js';
import { networkRules } from './networkRules.js';
import type { Rule } from './rule.js';
import { secretRules } from './secretRules.js';
import { storageRules } from './storageRules.js';

export const rules: Readonly<Record<string, Rule>> = {
  ...appRules,
  ...networkRules,
  ...machineRules,
  ...secretRules,
  ...storageRules,
  ...monitoringRules,
};
