// Numbers and times in words.

export const number = (value) => value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 });
export const counted = (count, noun) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;

export function bytesText(bytes) {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${number(bytes / 1000 ** power)} ${units[power]}`;
}

export function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

export const clockTime = (iso) =>
  new Date(iso).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export function dayTime(iso) {
  const date = new Date(iso);
  const today = date.toDateString() === new Date().toDateString();
  return today ? clockTime(iso) : `${date.toLocaleDateString()} ${clockTime(iso)}`;
}

/** By the server's clock, so that this machine's does not matter. */
export const ago = (iso, now) => duration(Math.max(0, (Date.parse(now) - Date.parse(iso)) / 1000));
