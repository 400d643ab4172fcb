// Holds the few hundred lines of a log that are in the page, and lets none jump under the reader's eyes.
import { positionOf } from "./log_line.js";

export const MOST = 400;

export class LogWindow {
  // `from` and `to`: all wanted lines between these positions are in the list
  constructor(list, make, { from, to }) {
    Object.assign(this, { list, make, from, to });
  }

  show({ lines, from, to }) {
    this.list.replaceChildren(...lines.slice(-MOST).map(this.make));
    Object.assign(this, { from: lines.length > MOST ? lines.at(-MOST).position : from, to });
  }

  // Lines that follow; the earliest ones leave where there are too many.
  append(lines, to) {
    if (to <= this.to) return;
    const fresh = lines.filter((line) => line.position > this.to).slice(-MOST);
    this.#hold(() => {
      this.list.append(...fresh.map(this.make));
      this.to = to;
      for (let over = this.list.children.length - MOST; over > 0; over -= 1) {
        this.list.firstElementChild.remove();
        this.from = positionOf(this.list.firstElementChild);
      }
    });
  }

  // Lines that come before; the latest ones leave.
  prepend(lines, from) {
    if (from >= this.from) return;
    const fresh = lines.filter((line) => line.position < this.from);
    this.#hold(() => {
      this.list.prepend(...fresh.map(this.make));
      this.from = from;
      for (let over = this.list.children.length - MOST; over > 0; over -= 1) {
        this.list.lastElementChild.remove();
        this.to = positionOf(this.list.lastElementChild);
      }
    });
  }

  // The line at the top of what the reader sees.
  top() {
    return [...this.list.children].find((item) => item.offsetTop + item.offsetHeight > this.list.scrollTop + 1);
  }

  visible() {
    const { scrollTop, clientHeight, children } = this.list;
    return [...children].filter((item) => item.offsetTop + item.offsetHeight > scrollTop && item.offsetTop < scrollTop + clientHeight);
  }

  nearest(position) {
    return [...this.list.children].find((item) => positionOf(item) >= position) ?? this.list.lastElementChild;
  }

  get atBottom() {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 30;
  }

  toBottom() {
    this.list.scrollTop = this.list.scrollHeight;
  }

  #hold(change) {
    const anchor = this.top();
    const above = anchor && anchor.offsetTop - this.list.scrollTop;
    change();
    if (anchor?.isConnected) this.list.scrollTop = anchor.offsetTop - above;
  }
}
