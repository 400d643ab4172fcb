// Replaces the parts of a page that the server rendered anew, where they changed; the reader's focus stays where it was.
import { localize } from "./times.js";

const shown = new Map();

export function replaceParts(parts) {
  for (const [name, html] of Object.entries(parts)) {
    const part = document.querySelector(`[data-part="${name}"]`);
    if (!part || shown.get(name) === html) continue;
    const held = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    shown.set(name, html);
    part.innerHTML = html;
    localize(part);
    if (held) part.querySelector(`a[href="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
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
