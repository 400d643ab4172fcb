// Keeps to a log's end until its reader scrolls up, and counts what has come since.
const SAY_EVERY = 5000; // ms between two words to those who listen to the page

export const counted = ({ dataset }, n) => (n === 1 ? dataset.one : dataset.many.replace("%n", n.toLocaleString()));

export function logFollow(root, view, { again }) {
  const box = root.querySelector("[data-follow]");
  const fresh = root.querySelector("[data-new]");
  const status = root.querySelector("[data-status]");
  let unseen = 0;
  let heard = 0;
  let said = 0;
  let top = 0;

  const settle = () => { view.toBottom(); top = view.list.scrollTop; };
  const show = () => { fresh.hidden = !unseen; if (unseen) fresh.textContent = counted(fresh, unseen); };

  const follow = {
    get on() { return box.checked; },
    hold() { [box.checked, unseen] = [true, 0]; show(); settle(); },
    letGo() { box.checked = false; },
    count(n) {
      heard += n;
      if (box.checked) settle(); else unseen += n;
      show();
    },
    // only the reader's own scrolling up lets go, not a page that is laid out anew
    scrolled(atEnd) {
      const now = view.list.scrollTop;
      if (atEnd && now > top) [box.checked, unseen] = [true, 0];
      else if (now < top) box.checked = false;
      show();
      top = now;
    },
    moved() { top = view.list.scrollTop; },
  };
  setInterval(() => {
    if (heard && Date.now() - said >= SAY_EVERY) [status.textContent, said, heard] = [counted(status, heard), Date.now(), 0];
  }, SAY_EVERY);
  new ResizeObserver(() => box.checked && settle()).observe(view.list);
  box.addEventListener("change", () => (box.checked ? again() : undefined));
  fresh.addEventListener("click", again);
  return follow;
}
