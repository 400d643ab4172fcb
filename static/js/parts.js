// Replaces the parts of a page that the server rendered anew, where they changed. What the reader holds stays: the focus,
// what is open, what is being pressed.
import { localize } from "./times.js";

const shown = new Map();
let pressed = null;
addEventListener("pointerdown", (event) => { pressed = event.target; });
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(() => { pressed = null; }));

// what a control is, whichever rendering it stands in
const sort = (control) => control.id || control.getAttribute("formaction") || control.getAttribute("href") || control.getAttribute("aria-label");

const CONTROLS = "a, button, summary, [tabindex]";
const alike = (part, control) => [...part.querySelectorAll(CONTROLS)].filter((other) => sort(other) === sort(control));

export function replaceParts(parts) {
  for (const [name, html] of Object.entries(parts)) {
    const part = document.querySelector(`[data-part="${name}"]`);
    if (!part || shown.get(name) === html || part.contains(pressed)) continue;
    const held = part.contains(document.activeElement) ? document.activeElement : null;
    const place = held && alike(part, held).indexOf(held);
    const open = new Set([...part.querySelectorAll("details[open]")].map(sort));
    shown.set(name, html);
    part.innerHTML = html;
    localize(part);
    for (const details of part.querySelectorAll("details")) if (open.has(sort(details))) details.open = true;
    if (held) alike(part, held)[place]?.focus({ preventScroll: true });
  }
}

// Asks `ask` again and again, `seconds` apart, slower while it fails; `ask` returns false when there is no more to come.
export function follow(ask, seconds = 2) {
  const state = document.querySelector("[data-live-state]");
  const live = state?.textContent;
  let wait = seconds;
  const turn = async () => {
    let goOn = true;
    try {
      if (!document.hidden) goOn = (await ask()) !== false;
      wait = seconds;
      if (state) Object.assign(state, { hidden: !goOn, textContent: live, className: "bs-live" });
    } catch {
      wait = Math.min(wait * 2, 30);
      if (state) Object.assign(state, { hidden: false, textContent: state.dataset.away, className: "bs-live away" });
    }
    if (goOn) setTimeout(turn, wait * 1000);
  };
  turn();
}

export async function readJson(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error(`${answer.status}`);
  return answer.json();
}
