// Keeps the operations page as the server sees it: its parts as the socket rings, the plots once a minute.
import { watch } from "./live.js";
import { readJson, replaceParts } from "./parts.js";
import { draw } from "./plots.js";

const AT_MOST_EVERY = 1000;
const AGES_EVERY = 15_000; // who falls silent rings no bell
const PLOTS_EVERY = 60_000;
const url = new URL(document.querySelector("[data-changes]").dataset.changes, location.href);
const indicator = document.querySelector("[data-live-state]");
let plotted = Date.now();
let asked = Date.now();
let waiting = null;

async function refresh() {
  asked = Date.now();
  const plots = asked - plotted >= PLOTS_EVERY;
  if (plots) url.searchParams.set("plots", "1");
  else url.searchParams.delete("plots");
  replaceParts((await readJson(url)).parts);
  if (!plots) return;
  plotted = asked;
  draw();
}

function soon() {
  if (!document.hidden) waiting ??= setTimeout(() => { waiting = null; refresh().catch(() => {}); }, AT_MOST_EVERY);
}

function tell(state) {
  if (indicator.dataset.state === state) return; // a live region speaks when it is written to
  indicator.dataset.state = state;
  Object.assign(indicator, { hidden: false, textContent: indicator.dataset[state], className: `bs-live ${state}` });
}

draw();
watch({ watch: "operations" }, { hear: soon, poll: refresh, state: tell });
document.addEventListener("visibilitychange", soon);
setInterval(() => Date.now() - asked >= AGES_EVERY && soon(), AGES_EVERY);
