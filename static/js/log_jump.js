// Ways through a log: its first and newest lines, a line by its number, the errors, the slider, the keys Home and End.
import { remember } from "./log_filter.js";
import { positionOf } from "./log_line.js";
import { readJson } from "./parts.js";

export function logJump(root, { view, go, newest, facts, say, wanted }) {
  const status = root.querySelector("[data-status]");
  const place = root.querySelector("[data-place]");
  const where = root.querySelector("[data-where]");
  const here = () => view.list.querySelector(".here");

  async function toLine(position, { focus = false } = {}) {
    const item = await go(position);
    if (!item) return;
    here()?.classList.remove("here");
    item.classList.add("here");
    remember({ line: positionOf(item) });
    if (focus) item.firstElementChild.focus({ preventScroll: true });
  }

  async function toError(side) {
    const start = view.visible().includes(here()) ? here() : side === "after" ? view.top() : view.visible().at(-1);
    const from = start ? positionOf(start) - (side === "after" && start !== here() ? 1 : 0) : 0;
    const asked = wanted();
    asked.set(side, from);
    const { position } = await readJson(`${root.dataset.errors}?${asked}`);
    status.textContent = position ? status.dataset.errorAt.replace("%n", position.toLocaleString()) : status.dataset.noError;
    if (position) await toLine(position);
  }

  const ways = { first: () => go(1), newest, previous: () => toError("before"), next: () => toError("after") };
  root.addEventListener("click", (event) => {
    const line = event.target.closest("li > a");
    const way = event.target.closest("[data-way]")?.dataset.way;
    if (event.ctrlKey || event.metaKey || event.shiftKey || (!line && !way)) return;
    event.preventDefault();
    say(line ? toLine(positionOf(line.parentElement)) : ways[way]());
  });
  root.addEventListener("keydown", (event) => {
    const way = event.target.closest("a[data-way]:not([href])");
    if (way && event.key === "Enter") way.click();
    if (event.target !== view.list || !["Home", "End"].includes(event.key)) return;
    event.preventDefault();
    say(event.key === "Home" ? go(1) : newest());
  });
  root.querySelector("[data-go]").addEventListener("submit", (event) => {
    event.preventDefault();
    say(toLine(event.target.elements.line.valueAsNumber, { focus: true }));
  });
  place.addEventListener("change", () => say(go(place.valueAsNumber)));
  place.addEventListener("input", () => tell(place.valueAsNumber));
  // the server is asked each time, also where it knew of no error when it made the page
  for (const way of root.querySelectorAll("a[data-way]:not([href])")) {
    [way.tabIndex, way.role] = [0, "button"];
    way.removeAttribute("aria-disabled");
  }

  function tell(position) {
    const words = where.dataset.said.replace("%n", position.toLocaleString()).replace("%of", facts.head.toLocaleString());
    where.textContent = words;
    place.setAttribute("aria-valuetext", words);
  }

  return {
    toLine,
    // the slider stands where the reader is
    moved() {
      place.parentElement.hidden = !facts.head;
      [place.min, place.max] = [Math.min(facts.first, facts.head) || 1, facts.head || 1];
      if (document.activeElement === place && place.matches(":active")) return;
      const lowest = view.atBottom ? view.list.lastElementChild : view.top();
      if (!lowest) return;
      place.value = positionOf(lowest);
      tell(positionOf(lowest));
    },
  };
}
