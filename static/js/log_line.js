// Makes the element of one log line in the shape that the page brings along, and tells times in the reader's zone.
const brief = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

const millis = (date) => `.${String(date.getMilliseconds()).padStart(3, "0")}`;

// The runner's time on the line; the server's too where the reader points at it, or reaches its number by keyboard.
export function tellTimes(item, { runner, server }) {
  const time = item.querySelector("time");
  const [logged, stored] = [new Date(time.dateTime), new Date(time.dataset.server)];
  time.textContent = brief.format(logged);
  time.title = `${runner}: ${exact.format(logged)} ${millis(logged)} · ${server}: ${exact.format(stored)} ${millis(stored)}`;
  item.firstElementChild.dataset.times = time.title;
}

export function lineMaker(shape, words) {
  return (line) => {
    const item = shape.content.firstElementChild.cloneNode(true);
    const [anchor, time, level, site, said] = item.children;
    item.id = `L${line.position}`;
    item.className = line.level;
    anchor.textContent = line.position;
    anchor.setAttribute("href", `?line=${line.position}#${item.id}`);
    time.dateTime = line.logged_at;
    time.dataset.server = line.created_at;
    level.textContent = line.level;
    site.textContent = line.scraper ?? "";
    said.firstElementChild.textContent = line.sku && !line.message.includes(line.sku) ? `${line.sku} ` : "";
    said.lastElementChild.textContent = line.message;
    tellTimes(item, words);
    return item;
  };
}

export const positionOf = (item) => Number(item.id.slice(1));
