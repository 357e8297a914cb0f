// The sections of the page that show the status: now, chunks, runs, worth knowing.

import { speedNow } from './course.js';
import { byId, element, row } from './elements.js';
import { ago, bytesText, counted, dayTime, duration, number } from './words.js';

function entry(label, value, detail) {
  const definition = element('dd', {}, value, ...(detail ? [element('small', { textContent: detail })] : []));
  return element('div', {}, element('dt', { textContent: label }), definition);
}

export function showNow({ source, target, checkpoint, lag, staleSeconds, run, quarantine }, now) {
  const entries = [];
  if (lag) {
    const about = lag.eventsExact ? '' : 'about ';
    const behind =
      lag.bytes === 0 ? 'nothing to replicate' : `${bytesText(lag.bytes)}, behind for ${duration(lag.seconds)}`;
    entries.push(entry('Lag', `${about}${counted(lag.events, 'event')}`, behind));
  }
  const speed = speedNow();
  entries.push(entry('Throughput', speed === undefined ? 'not known yet' : `${number(speed)} events/s`));
  if (source?.head)
    entries.push(entry('Source ends', `byte ${number(source.head.bytes)}`, source.head.chunk || 'no chunk'));
  if (checkpoint?.confirmedPosition !== undefined) {
    const at = `position ${number(checkpoint.confirmedPosition)}`;
    entries.push(entry('Confirmed', at, `revision ${number(checkpoint.confirmedRevision)} of ${target.stream}`));
  }
  if (staleSeconds !== undefined) {
    entries.push(entry('Last known to be well', staleSeconds === 0 ? 'now' : `${duration(staleSeconds)} ago`));
  }
  if (run) entries.push(entry('Last sign of a run', `${ago(run.refreshedAt, now)} ago`, run.runner));
  if (quarantine?.messages !== undefined) {
    entries.push(entry('In quarantine', counted(quarantine.messages, 'message'), `container ${quarantine.container}`));
  }
  byId('now').replaceChildren(...entries);
}

export function showChunks(map) {
  if (!map) return;
  const { chunks, bytes, readChunks, readBytes, around } = map;
  const current = around.findIndex((chunk) => chunk.readBytes < chunk.bytes);
  byId('chunks-summary').textContent =
    chunks === 0
      ? 'The container holds no chunk.'
      : `In chunk ${number(Math.min(chunks, readChunks + 1))} of ${number(chunks)}; ${bytesText(readBytes)} of ${bytesText(bytes)} are read.`;
  byId('chunks').replaceChildren(
    ...around.map((chunk, index) => {
      const bar = element('progress', { max: Math.max(1, chunk.bytes), value: chunk.readBytes });
      bar.setAttribute('aria-label', `${chunk.name}: ${bytesText(chunk.readBytes)} of ${bytesText(chunk.bytes)} read`);
      const item = element('li', {}, element('span', { textContent: chunk.name }), bar);
      if (index === current) item.setAttribute('aria-current', 'location');
      return item;
    }),
  );
}

export function showRuns(runs = []) {
  const rows = runs.map(({ startedAt, endedAt, end, events }) =>
    row(dayTime(startedAt), duration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000), end, number(events)),
  );
  byId('runs').replaceChildren(...(rows.length > 0 ? rows : [row('none yet', '', '', '')]));
}

export function showMore({ warnings = [], lastError, examination }) {
  const item = (className, text) => element('li', { className, textContent: text });
  const { wrong = [], warnings: notes = [], at } = examination ?? {};
  const items = [
    ...warnings.map((text) => item('warn', text)),
    ...(lastError ? [item('', `Last error, ${dayTime(lastError.at)}: ${lastError.kind}. ${lastError.message}`)] : []),
    ...wrong.map((text) => item('bad', `Doctor, ${dayTime(at)}: ${text}`)),
    ...notes.map((text) => item('warn', `Doctor, ${dayTime(at)}: ${text}`)),
  ];
  byId('more').replaceChildren(...(items.length > 0 ? items : [item('', 'Nothing.')]));
}
