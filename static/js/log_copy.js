// Copies what is selected in a log, or else the lines that are in sight.
import { positionOf } from "./log_line.js";

const text = (item) => {
  const [, time, level, site, said] = item.children;
  return [positionOf(item), time.dateTime, level.textContent, site.textContent, said.textContent.trim()].join("\t");
};

export function logCopy(button, view) {
  const words = button.textContent;
  const chosen = () => {
    const selection = getSelection();
    const within = !selection.isCollapsed && view.list.contains(selection.anchorNode);
    return within ? selection.toString() : view.visible().map(text).join("\n");
  };
  button.hidden = !navigator.clipboard; // without https there is none; the keys still copy
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(chosen());
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = words; }, 2000);
  });
}
