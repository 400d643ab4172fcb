// Keeps a job's log and the parts around it as the server has them. A scraper's page turns to the next job's log.
import { watch } from "./live.js";
import { openLog } from "./log.js";
import { readJson, replaceParts } from "./parts.js";
import { localize } from "./times.js";

const page = document.querySelector("[data-parts]")?.dataset.parts;
const place = document.querySelector("[data-log-place]");
const badge = document.querySelector("[data-live-state]");
let shown = null; // the log in the page: {job, close}
let waiting = 0;

function tell(word) {
  if (badge) Object.assign(badge, { hidden: word === "over", textContent: badge.dataset[word] ?? "", className: word === "away" ? "bs-live away" : "bs-live" });
}

async function refresh() {
  waiting = 0;
  if (!page) return;
  const { parts, job, log } = await readJson(place ? `${page}&have=${shown?.job ?? ""}` : page);
  replaceParts(parts);
  if (log && job !== shown?.job) turnTo(log);
}

// at most once a second
function refreshSoon() {
  waiting ||= setTimeout(() => refresh().catch(() => {}), 1000);
}

function turnTo(html) {
  shown?.close();
  place.innerHTML = html;
  localize(place);
  follow(place.querySelector("[data-log]"));
}

function follow(root) {
  const log = openLog(root);
  const { job } = root.dataset;
  shown = { job, close() {} };
  if ("ended" in root.dataset) return;

  const heard = {
    lines: (message) => log.hear(message),
    job: refreshSoon,
    reset: ({ from }) => log.reset(from),
    end() {
      refreshSoon();
      if (!place) tell("over");
      watching.close();
    },
  };

  async function poll() {
    if (!place) await refresh();
    let news;
    do {
      news = await readJson(`${root.dataset.log}?after=${log.seen}`);
      if (news.reset) log.reset(news.from);
      await log.hear(news);
    } while (news.to < news.head);
    if (news.end) heard.end();
    return news.to;
  }

  const ask = { watch: "job", id: job, after: log.seen };
  const watching = watch(ask, { hear: (message) => heard[message.type]?.(message), poll, state: place ? undefined : tell });
  shown.close = () => watching.close();
}

const root = document.querySelector("[data-log]");
if (root) follow(root);
// news of any job may be of one that works on this site
if (place) watch({ watch: "operations" }, { hear: refreshSoon, poll: refresh, state: tell });
