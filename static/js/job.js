// A job's page: appends the log lines beyond the reader's position, follows the end unless the reader scrolled up.
import { follow, readJson, replaceParts } from "./parts.js";
import { localize } from "./times.js";

const KEPT = 2000; // lines in the page; earlier ones are a link away
const log = document.querySelector("[data-log]");
const list = log.querySelector("ol");
const followBox = log.querySelector("[data-follow]");
const total = document.querySelector("[data-log-count]");
const fresh = log.querySelector("[data-new]");
let after = Number(log.dataset.after);
let unseen = 0;

for (const control of log.querySelectorAll(".needs-script")) control.hidden = false;
const count = (element, n) => (n === 1 ? element.dataset.one : element.dataset.many.replace("%n", n.toLocaleString()));
const toEnd = () => { list.scrollTop = list.scrollHeight; unseen = 0; fresh.hidden = true; };
const atEnd = () => list.scrollHeight - list.scrollTop - list.clientHeight < 30;
const part = (name, className, text) => Object.assign(document.createElement(name), { className, textContent: text ?? "" });

function row(line) {
  const item = part("li", line.level);
  item.id = `L${line.position}`;
  const anchor = Object.assign(part("a", "", line.position), { href: `#${item.id}` });
  const time = Object.assign(part("time", ""), { dateTime: line.logged_at });
  time.dataset.clock = "";
  item.append(anchor, time, part("span", "level", line.level), part("span", "", line.scraper), part("span", "said", line.message));
  return item;
}

function append(lines) {
  if (!lines.length) return;
  const following = followBox.checked;
  const fragment = document.createDocumentFragment();
  fragment.append(...lines.map(row));
  localize(fragment);
  list.append(fragment);
  while (following && list.children.length > KEPT) list.firstElementChild.remove();
  log.querySelector("[data-silence]")?.remove();
  if (following) return toEnd();
  unseen += lines.length;
  fresh.textContent = count(fresh, unseen);
  fresh.hidden = false;
}

// only the reader's own scrolling up lets go, not a page that is laid out anew
let top = 0;
list.addEventListener("scroll", () => {
  if (atEnd()) [followBox.checked, unseen, fresh.hidden] = [true, 0, true];
  else if (list.scrollTop < top) followBox.checked = false;
  top = list.scrollTop;
});
new ResizeObserver(() => followBox.checked && toEnd()).observe(list);
followBox.addEventListener("change", () => followBox.checked && toEnd());
fresh.addEventListener("click", () => { followBox.checked = true; toEnd(); });
log.querySelector("[data-level]").addEventListener("change", (event) => {
  log.dataset.level = event.target.value;
  if (followBox.checked) toEnd();
});

if (location.hash.startsWith("#L")) followBox.checked = false;
else toEnd();
if (!("frozen" in log.dataset)) {
  follow(async () => {
    let news;
    do {
      news = await readJson(`${log.dataset.log}&after=${after}`);
      append(news.lines);
      after = news.to;
    } while (after < news.head);
    replaceParts(news.parts);
    total.textContent = count(total, news.head);
    return !news.end;
  });
}
