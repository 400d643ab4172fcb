// Applies a log's filter while it is typed, and writes it into the address.
const PAUSE = 350; // ms after the last key

export function remember(changes) {
  const url = new URL(location);
  for (const name of ["before", "after"]) url.searchParams.delete(name);
  for (const [name, value] of Object.entries(changes)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  url.hash = changes.line ? `L${changes.line}` : "";
  history.replaceState(null, "", url);
}

export function logFilter(form, apply) {
  let timer = 0;
  const fields = [...form.elements].filter((field) => field.name && field.type !== "hidden");
  const now = () => {
    clearTimeout(timer);
    remember(Object.fromEntries([...fields.map((field) => [field.name, field.value.trim()]), ["line", ""]]));
    apply();
  };
  form.querySelector("button").hidden = true;
  form.addEventListener("submit", (event) => { event.preventDefault(); now(); });
  const soon = ({ target }) => {
    if (!fields.includes(target)) return;
    clearTimeout(timer);
    timer = setTimeout(now, target.tagName === "SELECT" ? 0 : PAUSE);
  };
  for (const kind of ["input", "change"]) form.addEventListener(kind, soon);
}
