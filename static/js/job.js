// Keeps a job's log and the parts around it as the server has them.
import { watch } from "./live.js";
import { openLog } from "./log.js";
import { readJson, replaceParts } from "./parts.js";

const root = document.querySelector("[data-log]");
const parts = document.querySelector("[data-parts]")?.dataset.parts;
const badge = document.querySelector("[data-live-state]");
const log = root && openLog(root);
let waiting = 0;

function tell(word) {
  if (badge) Object.assign(badge, { hidden: word === "over", textContent: badge.dataset[word] ?? "", className: word === "away" ? "bs-live away" : "bs-live" });
}

async function refresh() {
  waiting = 0;
  if (parts) replaceParts((await readJson(parts)).parts);
}

// at most once a second
function refreshSoon() {
  waiting ||= setTimeout(() => refresh().catch(() => {}), 1000);
}

const heard = {
  lines: (message) => log.hear(message),
  job: refreshSoon,
  reset: ({ from }) => log.reset(from),
  end() { refreshSoon(); tell("over"); watching.close(); },
};

async function poll() {
  await refresh();
  if (!root) return null;
  let news;
  do {
    news = await readJson(`${root.dataset.log}?after=${log.seen}`);
    await log.hear(news);
  } while (news.to < news.head);
  if (news.end) heard.end();
  return news.to;
}

// where no job runs, news of any job may be of one
const ask = root ? { watch: "job", id: root.dataset.job, after: log.seen } : { watch: "operations" };
const hear = (message) => (root ? heard[message.type]?.(message) : refreshSoon());
const watching = root && "ended" in root.dataset ? null : watch(ask, { hear, poll, state: tell });
