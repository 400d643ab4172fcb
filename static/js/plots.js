// Draws what was recorded lately from the numbers in the page, anew when these, the colours or the width change.
import uPlot from "../vendor/uplot/uPlot.esm.js";
import { colour, fill, swatch } from "./fills.js";

const HEIGHT = 180;
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });
const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const figures = new Map([...document.querySelectorAll("[data-plot]")].map((figure) => [figure.dataset.plot, figure]));
const drawn = new Map();

const axis = (more) => ({
  stroke: colour("--body-quiet-color"), font: "11px system-ui", grid: { stroke: colour("--hairline-color"), width: 1 },
  ticks: { show: false }, ...more,
});
const times = (plot, splits) => splits.map((at, n) => (n ? hour : day).format(at * 1000));
const numbers = (plot, splits) => splits.map((n) => n.toLocaleString());

function show(name, data, series, scales, said) {
  const figure = figures.get(name);
  const place = figure.querySelector(".bs-plot");
  const readout = figure.querySelector("[data-readout]");
  drawn.get(name)?.destroy();
  figure.hidden = data[0].length === 0;
  const options = {
    width: Math.max(200, place.clientWidth), height: HEIGHT, legend: { show: false }, series: [{}, ...series], scales,
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    axes: [axis({ values: times, space: 70, size: 28 }), axis({ values: numbers, size: 48 })],
    hooks: { setCursor: [({ cursor: { idx } }) => { readout.textContent = idx == null ? "\u00a0" : said(idx); }] },
  };
  drawn.set(name, new uPlot(options, data, place));
}

// each series is drawn up to the sum of those before it, the highest first, so that the lower ones cover it
function bars({ bars: starts, width, outcomes }) {
  const sums = [];
  for (const { counts } of outcomes) sums.unshift(counts.map((n, at) => n + (sums[0]?.[at] ?? 0)));
  const series = [...outcomes].reverse().map(({ word }) => ({
    fill: fill(word), width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.8, 60], align: 1 }),
  }));
  const said = (at) => {
    const parts = outcomes.filter(({ counts }) => counts[at]).map(({ label, counts }) => `${counts[at].toLocaleString()} ${label}`);
    return [exact.format(starts[at] * 1000), ...parts].join(" · ");
  };
  const range = () => [starts[0], (starts.at(-1) ?? 0) + width];
  show("outcomes", [starts, ...sums], series, { x: { range }, y: { range: (plot, low, high) => [0, Math.max(1, high * 1.05)] } }, said);
  figures.get("outcomes").querySelector(".bs-legend").replaceChildren(...outcomes.map(({ word, label, counts }) => {
    const item = document.createElement("li");
    item.append(swatch(word), ` ${label} ${counts.reduce((sum, n) => sum + n, 0).toLocaleString()}`);
    return item;
  }));
}

function line({ steps, rates }) {
  const series = [{ stroke: colour("--bs-run"), fill: colour("--bs-run-soft"), width: 1.5, points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }) }];
  const said = (at) => `${exact.format(steps[at] * 1000)} · ${rates[at].toLocaleString()}`;
  show("rates", [steps, rates], series, { y: { range: (plot, low, high) => [0, Math.max(1, high * 1.05)] } }, said);
}

export function draw() {
  const numbersOf = JSON.parse(document.getElementById("plot-data").textContent);
  const some = numbersOf.outcomes.length > 0;
  for (const figure of figures.values()) figure.hidden = !some;
  if (!some) return;
  bars(numbersOf);
  line(numbersOf);
}

let width = 0;
new ResizeObserver(([entry]) => {
  if (Math.round(entry.contentRect.width) === width) return;
  width = Math.round(entry.contentRect.width);
  for (const [name, plot] of drawn) plot.setSize({ width: figures.get(name).querySelector(".bs-plot").clientWidth, height: HEIGHT });
}).observe(document.querySelector(".bs-plots"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
