// A job's log in the page: a window of lines that moves through a log of any length and grows at its end.
import { logCopy } from "./log_copy.js";
import { logFilter } from "./log_filter.js";
import { counted, logFollow } from "./log_follow.js";
import { logJump } from "./log_jump.js";
import { lineMaker, tellTimes } from "./log_line.js";
import { logReader } from "./log_reader.js";
import { LogWindow, MOST } from "./log_window.js";

const EDGE = 400; // pixels from an edge of the window at which its neighbours are asked for

export function openLog(root) {
  const list = root.querySelector("ol");
  const silence = root.querySelector("[data-silence]");
  const total = document.querySelector("[data-log-count]");
  const form = root.querySelector("[data-filter]");
  const { from, to, head, first } = Object.fromEntries(["from", "to", "head", "first"].map((name) => [name, Number(root.dataset[name])]));
  const facts = { head, first };
  const view = new LogWindow(list, lineMaker(root.querySelector("[data-line-shape]"), root.dataset), { from, to });
  const reader = logReader(root.dataset.log, form);
  let age = 0; // of what is shown: answers to older questions are void
  let seen = head; // up to here new lines have been dealt with
  let asking = false;

  const say = (promise) => promise.catch(() => { root.querySelector("[data-status]").textContent = root.dataset.away; });
  const learn = (answer) => Object.assign(facts, { head: Math.max(facts.head, answer.head ?? answer.to), first: answer.first ?? facts.first });
  const atHead = () => view.to >= facts.head;

  function settled() {
    if (list.children.length) silence.hidden = true;
    else if (facts.head && reader.filtered()) [silence.hidden, silence.textContent] = [false, silence.dataset.none];
    total.textContent = counted(total, facts.head);
    follow.moved();
    jump.moved();
  }

  async function show(where) {
    const mine = ++age;
    const answer = await reader.read(where);
    if (mine !== age) return false;
    learn(answer);
    view.show(answer);
    seen = Math.max(seen, answer.head);
    return true;
  }

  async function newest() {
    if (await show({})) follow.hold();
    settled();
    edges();
  }

  // Brings the line at `position`, or the next one that is wanted, into sight; returns its element.
  async function go(position) {
    follow.letGo();
    if (position < view.from || position > view.to) await show({ line: position });
    const item = view.nearest(position);
    if (item) list.scrollTop = item.offsetTop - Math.max(0, (list.clientHeight - item.offsetHeight) / 2);
    settled();
    edges();
    return item;
  }

  async function edges() {
    if (asking || !list.clientHeight) return;
    const up = list.scrollTop < EDGE && view.from > facts.first;
    const down = list.scrollHeight - list.scrollTop - list.clientHeight < EDGE && !atHead();
    if (!up && !down) return;
    asking = true;
    const mine = age;
    const answer = await reader.read(down ? { after: view.to } : { before: view.from }, 100).finally(() => { asking = false; });
    if (mine !== age) return;
    learn(answer);
    if (down) view.append(answer.lines, answer.to); else view.prepend(answer.lines, answer.from);
    if (follow.on) view.toBottom();
    settled();
    await edges();
  }

  // News from the job's end: {from, to, lines}
  async function hear(news) {
    learn(news);
    const mine = age;
    if (news.to <= seen) return settled();
    const batch = reader.filtered() ? await reader.read({ after: seen }, 500) : news;
    if (mine !== age) return;
    learn(batch);
    const joins = view.to >= seen;
    seen = Math.max(seen, batch.to);
    if (!joins && follow.on) return newest();
    if (joins && (follow.on || list.children.length + batch.lines.length <= MOST)) view.append(batch.lines, batch.to);
    follow.count(batch.lines.length);
    settled();
    if (seen < news.to) await hear(news);
  }

  const follow = logFollow(root, view, { again: () => say(newest()) });
  const jump = logJump(root, { view, go, newest, facts, say, wanted: reader.wanted });
  let frame = 0;
  list.addEventListener("scroll", () => {
    follow.scrolled(view.atBottom && atHead());
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => { jump.moved(); say(edges()); });
  });
  logFilter(form, () => {
    root.querySelector("[data-status]").textContent = "";
    say(follow.on || !view.top() ? newest() : show({ line: view.from }).then(settled).then(edges));
  });
  logCopy(root.querySelector("[data-take]"), view);
  const wrap = root.querySelector("[data-wrap]");
  wrap.addEventListener("change", () => root.classList.toggle("bs-log-flat", !wrap.checked));

  root.classList.add("bs-log-on");
  for (const control of root.querySelectorAll(".needs-script:not([data-take])")) control.hidden = false;
  for (const item of list.children) tellTimes(item, root.dataset);
  const line = Number(/^#L(\d+)$/.exec(location.hash)?.[1] ?? root.dataset.line ?? 0);
  if (line) say(jump.toLine(line));
  else if (follow.on) follow.hold();
  settled();
  say(edges());
  return { hear, reset: (position) => { seen = position - 1; }, get seen() { return seen; } };
}
