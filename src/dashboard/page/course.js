// The course of lag and throughput, as charts and as numbers. `uPlot` is the chart library, which stands before this
// script in the page.
/* global uPlot */

import { byId, element, row } from './elements.js';
import { outageNow } from './state.js';
import { dayTime, duration, number } from './words.js';

/** Samples that the checkpoint table keeps, and one for each answer since this page was opened. */
let kept = [];
const live = [];
const mostLive = 4_000;

export function takeSamples({ now, status, history }) {
  kept = history.map(toPoint);
  if (!status.lag) return;
  const { confirmedPosition: position = 0, confirmedRevision: revision = -1 } = status.checkpoint;
  const well = !status.stop && !outageNow(status);
  live.push(toPoint({ at: now, lag: status.lag, position, revision, well }));
  if (live.length > mostLive) live.shift();
}

const toPoint = ({ at, lag, ...rest }) => ({ at: Date.parse(at) / 1000, ...lag, ...rest });

function samples() {
  const hours = Number(byId('span').value);
  const lastKept = kept.at(-1)?.at ?? 0;
  const all = [...kept, ...live.filter(({ at }) => at > lastKept)];
  const from = (all.at(-1)?.at ?? 0) - hours * 3600;
  return all.filter(({ at }) => at >= from);
}

/** Events a second between the last two times that the page asked. */
export function speedNow() {
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
  return [Math.min(all[0]?.at ?? to, to - shortestSpan), to];
}

const minuteText = (at) =>
  new Date(at * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

const charts = {};

function drawChart(id, data, label) {
  const host = byId(id);
  const [text, line, stroke] = ['--quiet', '--line', '--busy'].map(colour);
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
          x: { range: spanShown },
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
function colour(name) {
  const probe = element('span', { hidden: true });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Shades the times at which passes failed. */
function shadeTrouble(plot) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = colour('--bad-ground');
  const all = samples();
  all.forEach((sample, index) => {
    if (sample.well) return;
    const next = all[index + 1]?.at ?? sample.at;
    const [from, to] = [plot.valToPos(sample.at, 'x', true), plot.valToPos(next, 'x', true)];
    ctx.fillRect(from, bbox.top, Math.max(2, to - from), bbox.height);
  });
  ctx.restore();
}

export function showCourse() {
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

new ResizeObserver(() => {
  for (const [id, { plot }] of Object.entries(charts)) {
    const { clientWidth: width, clientHeight: height } = byId(id);
    if (width > 0 && width !== plot.width) plot.setSize({ width, height });
  }
}).observe(byId('lag-chart'));
