// Writes times in the reader's zone. `data-when` is rewritten, `data-hover` gets the exact time as its title.
const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const brief = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false });

export function localize(root) {
  for (const time of root.querySelectorAll("time[data-when]")) time.textContent = clock.format(new Date(time.dateTime));
  for (const time of root.querySelectorAll("time[data-hover]")) time.title = clock.format(new Date(time.dateTime));
  for (const time of root.querySelectorAll("time[data-clock]")) {
    time.textContent = brief.format(new Date(time.dateTime));
    time.title = clock.format(new Date(time.dateTime));
  }
}

localize(document);
