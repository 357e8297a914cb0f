import type { Environment } from '../../config/config.js';
import { settingsSchema } from '../../config/settings.js';

/**
 * The NCRONTAB schedule to register the timer with: `REPLICATION_SCHEDULE`, or its default when that is missing or is
 * no schedule. The host leaves out a timer whose schedule it cannot read, or whose `%SETTING%` does not resolve, so
 * nothing would run that could say what is wrong. This way the timer fires, and its invocation reports the setting.
 */
export function timerSchedule(env: Environment): string {
  const setting = settingsSchema.shape.REPLICATION_SCHEDULE;
  const given = env['REPLICATION_SCHEDULE']?.trim();
  const read = setting.safeParse(given === '' ? undefined : given);
  return read.success ? read.data : setting.parse(undefined);
}
