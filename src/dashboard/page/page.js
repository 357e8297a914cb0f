// The script of the status page. Everything shown comes from one JSON that is asked for every 10 seconds; text is only
// ever set as text. `uPlot` is the chart library, which stands before this script in the page.
/* global uPlot */

const pollMs = 10_000;
const answerMs = 9_500;
const dataUrl = `${location.pathname.replace(/\/+$/, '')}/data${location.search}`;

/** Samples as the table keeps them, and those of this page since it was opened: one each time it asks. */
let kept = [];
const live = [];
const mostLive = 4_000;
let shown;
let timer;
let asking = false;

const byId = (id) => document.getElementById(id);

function element(tag, properties = {}, ...children) {
  const { dataset, ...others } = properties;
  const made = Object.assign(document.createElement(tag), others);
  Object.assign(made.dataset, dataset);
  made.append(...children);
  return made;
}

// Words

const number = (value) => value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 });
const counted = (count, noun) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;

function bytesText(bytes) {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${number(bytes / 1000 ** power)} ${units[power]}`;
}

function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

const clockTime = (iso) =>
  new Date(iso).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });

function dayTime(iso) {
  const date = new Date(iso);
  const today = date.toDateString() === new Date().toDateString();
  return today ? clockTime(iso) : `${date.toLocaleDateString()} ${clockTime(iso)}`;
}

/** By the server's clock, so that this machine's does not matter. */
const ago = (iso, now) => duration(Math.max(0, (Date.parse(now) - Date.parse(iso)) / 1000));

// What is shown

const states = {
  well: 'Up to date',
  behind: 'Catching up',
  outage: 'Outage: it tries again by itself',
  stopped: 'Stopped: a person must decide',
  trouble: 'Something is wrong',
  lost: 'No answer',
};

function stateOf({ healthy, stop, outage, lag }) {
  if (stop) return 'stopped';
  if (outage && outage.endedAt === undefined) return 'outage';
  if (!healthy) return 'trouble';
  return lag && lag.bytes > 0 ? 'behind' : 'well';
}

function showState(state, names) {
  document.body.dataset.state = state;
  if (byId('state').textContent !== states[state]) byId('state').textContent = states[state];
  document.title = `${state === 'well' || state === 'behind' ? '' : '! '}${names || 'Eventferry'}: ${states[state]}`;
}

function showTrouble(articles) {
  const section = byId('trouble');
  const text = articles.map((article) => article.textContent).join('\n');
  section.hidden = articles.length === 0;
  // A reader is told again only of what has changed.
  if (section.dataset.text === text) return;
  section.dataset.text = text;
  section.replaceChildren(...articles);
}

function article(title, message, next) {
  return element(
    'article',
    {},
    element('h2', { textContent: title }),
    element('p', { textContent: message }),
    ...(next ? [element('p', { className: 'next', textContent: `What to do: ${next}` })] : []),
  );
}

function troubleOf(status, now) {
  const { stop, outage, problems } = status;
  const articles = [];
  if (stop) {
    const { kind, message, remedy } = stop.failure;
    articles.push(article(`Stopped since ${dayTime(stop.since)} (${ago(stop.since, now)}): ${kind}`, message, remedy));
  }
  if (outage && outage.endedAt === undefined) {
    const { kind, message, remedy } = outage.failure;
    const tries = outage.tries === 1 ? '1 try has failed' : `${number(outage.tries)} tries have failed`;
    articles.push(
      article(
        `Outage since ${dayTime(outage.since)} (${ago(outage.since, now)}): ${kind}`,
        `${message} ${tries}.`,
        remedy,
      ),
    );
  }
  const told = [stop, outage].filter(Boolean).map(({ failure }) => failure.message);
  for (const problem of problems) {
    if (!told.some((message) => problem.includes(message))) articles.push(article('Problem', problem));
  }
  return articles;
}

function entry(label, value, detail) {
  const definition = element('dd', {}, value, ...(detail ? [element('small', { textContent: detail })] : []));
  return element('div', {}, element('dt', { textContent: label }), definition);
}

function showNow({ source, target, checkpoint, lag, staleSeconds, run, quarantine }, now) {
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
  if (run) entries.push(entry('Last heard of a run', `${ago(run.refreshedAt, now)} ago`, run.runner));
  if (quarantine?.messages !== undefined) {
    entries.push(entry('In quarantine', counted(quarantine.messages, 'message'), `container ${quarantine.container}`));
  }
  byId('now').replaceChildren(...entries);
}

function showChunks(map) {
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

function row(...cells) {
  return element('tr', {}, ...cells.map((text) => element('td', { textContent: text })));
}

function showRuns(runs = []) {
  const rows = runs.map(({ startedAt, endedAt, end, events }) =>
    row(dayTime(startedAt), duration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000), end, number(events)),
  );
  byId('runs').replaceChildren(...(rows.length > 0 ? rows : [row('none yet', '', '', '')]));
}

function showMore({ warnings = [], lastError, examination }) {
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

// The course of the lag

function samples() {
  const hours = Number(byId('span').value);
  const lastKept = kept.at(-1)?.at ?? 0;
  const all = [...kept, ...live.filter(({ at }) => at > lastKept)];
  const from = (all.at(-1)?.at ?? 0) - hours * 3600;
  return all.filter(({ at }) => at >= from);
}

/** Events a second between the last two times that we asked. */
function speedNow() {
  const [before, last] = live.slice(-2);
  return last && last.at > before.at ? Math.max(0, last.revision - before.revision) / (last.at - before.at) : undefined;
}

function columns() {
  const all = samples();
  const at = all.map((sample) => sample.at);
  const perMinute = all.map((sample, index) => {
    const before = all[index - 1];
    return before && sample.at > before.at
      ? Math.max(0, ((sample.revision - before.revision) * 60) / (sample.at - before.at))
      : null;
  });
  return { all, lag: [at, all.map(({ events }) => events)], throughput: [at, perMinute] };
}

const shortestSpan = 600;

/** From when to when, in seconds since 1970. */
function spanShown() {
  const all = samples();
  const to = all.at(-1)?.at ?? Date.now() / 1000;
  const first = Math.min(all[0]?.at ?? to, to - shortestSpan);
  return [Math.max(first, to - Number(byId('span').value) * 3600), to];
}

const minuteText = (at) =>
  new Date(at * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

const charts = {};

function drawChart(id, data, label) {
  const host = byId(id);
  const style = getComputedStyle(document.body);
  const [text, line, stroke] = ['--quiet', '--line', '--busy'].map((name) => colour(style, name));
  const look = `${text}${line}${stroke}`;
  if (charts[id]?.look !== look) {
    charts[id]?.plot.destroy();
    const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
    const plot = new uPlot(
      {
        width: host.clientWidth,
        height: host.clientHeight,
        cursor: { y: false, drag: { x: false, y: false } },
        legend: { show: false },
        scales: {
          x: { range: () => spanShown() },
          y: { range: (_, __, most) => [0, Math.max(1, most ?? 0) * 1.1] },
        },
        axes: [
          { ...axis, space: 70, values: (_, ticks) => ticks.map(minuteText) },
          {
            ...axis,
            size: 64,
            values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? number(tick) : '')),
          },
        ],
        series: [
          {},
          { label, stroke, width: 2, fill: `color-mix(in srgb, ${stroke} 15%, transparent)`, points: { show: false } },
        ],
        hooks: { drawClear: [shadeTrouble] },
      },
      data,
      host,
    );
    charts[id] = { plot, look };
  } else charts[id].plot.setData(data);
  const values = data[1].filter((value) => value !== null);
  const summary =
    values.length === 0 ? 'no value yet' : `now ${number(values.at(-1))}, at most ${number(Math.max(...values))}`;
  host.setAttribute('aria-label', `${label} in ${byId('span').selectedOptions[0].textContent}: ${summary}`);
}

/** The colour that a custom property stands for now, light or dark. */
function colour(style, name) {
  const probe = element('span', { hidden: true });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** The times at which passes failed. */
function shadeTrouble(plot) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = colour(getComputedStyle(document.body), '--bad-ground');
  const all = samples();
  all.forEach((sample, index) => {
    if (sample.well) return;
    const next = all[index + 1]?.at ?? sample.at;
    const [from, to] = [plot.valToPos(sample.at, 'x', true), plot.valToPos(next, 'x', true)];
    ctx.fillRect(from, bbox.top, Math.max(2, to - from), bbox.height);
  });
  ctx.restore();
}

function showCourse() {
  const { all, lag, throughput } = columns();
  drawChart('lag-chart', lag, 'Lag, events');
  drawChart('throughput-chart', throughput, 'Throughput, events a minute');
  const failing = all.some(({ well }) => !well);
  byId('course-note').textContent = failing ? 'Shaded: passes failed.' : '';
  byId('course-rows').replaceChildren(
    ...all
      .slice(-60)
      .reverse()
      .map(({ at, events, bytes, seconds, position }) =>
        row(dayTime(at * 1000), number(events), number(bytes), duration(seconds), number(position)),
      ),
  );
}

// Asking

function toPoint({ at, lag, position, revision, well }) {
  const { events, bytes, seconds } = lag;
  return { at: Date.parse(at) / 1000, events, bytes, seconds, position, revision, well };
}

function take({ now, status, history }) {
  kept = history.map(toPoint);
  if (status.lag) {
    const { confirmedPosition: position = 0, confirmedRevision: revision = -1 } = status.checkpoint;
    const well = !status.stop && !(status.outage && status.outage.endedAt === undefined);
    live.push(toPoint({ at: now, lag: status.lag, position, revision, well }));
    if (live.length > mostLive) live.shift();
  }
  const names = status.source ? `${status.source.id} to stream ${status.target.stream}` : '';
  byId('names').textContent = names;
  showState(stateOf(status), names);
  showTrouble(troubleOf(status, now));
  showNow(status, now);
  showCourse();
  showChunks(status.source?.map);
  showRuns(status.recentRuns);
  showMore(status);
  Object.assign(byId('updated'), { dateTime: now, textContent: clockTime(now) });
  shown = now;
}

async function ask() {
  clearTimeout(timer);
  if (asking || document.visibilityState === 'hidden') return;
  asking = true;
  try {
    const answer = await fetch(dataUrl, { cache: 'no-store', signal: AbortSignal.timeout(answerMs) });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    take(await answer.json());
  } catch (error) {
    const since = shown ? ` What is below was true at ${clockTime(shown)}.` : '';
    showState('lost', byId('names').textContent);
    showTrouble([
      article(
        'No answer',
        `This page could not ask: ${error.message}.${since}`,
        'Check that the function app, or `eventferry run --dashboard`, is running and can be reached from here.',
      ),
    ]);
  } finally {
    asking = false;
    timer = setTimeout(ask, pollMs);
  }
}

document.addEventListener('visibilitychange', ask);
byId('span').addEventListener('change', () => shown && showCourse());
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => shown && showCourse());
new ResizeObserver(() => {
  for (const [id, { plot }] of Object.entries(charts)) {
    const { clientWidth: width, clientHeight: height } = byId(id);
    if (width > 0 && width !== plot.width) plot.setSize({ width, height });
  }
}).observe(byId('lag-chart'));
await ask();
