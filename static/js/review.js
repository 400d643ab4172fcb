// The review page by keyboard: fields, sources, decisions. Without this script every button still works by itself.
const form = document.querySelector("#review");
const rows = [...form.querySelectorAll("tr[data-field]")];
const changed = form.querySelector("[data-changed]");
const keys = document.querySelector(".rv-keys");
let here = null;
let leaving = false;

document.documentElement.classList.add("rv-on");

const box = (name) => form.elements.namedItem(name);
const boxes = () => [...form.querySelectorAll("[id^='value-']")].filter((one) => box(`was-${one.name}`));
const taken = (name) => form.querySelector(`input[name="take"][data-of="${name}"]`);
const differs = (one) => one.value.trim() !== box(`was-${one.name}`).value.trim() || Boolean(taken(one.name));

function count() {
  let mine = 0;
  for (const one of boxes()) mine += Number(one.classList.toggle("mine", differs(one)));
  if (changed) changed.textContent = mine ? form.dataset.unsaved.replace("%n", mine) : "";
  return mine;
}

function stand(row, scroll = false) {
  here?.classList.remove("here");
  here = row;
  here?.classList.add("here");
  if (scroll) here?.scrollIntoView({ block: "nearest" });
}

function step(by, wanted = () => true) {
  const open = rows.filter((row) => row.offsetParent && wanted(row));
  if (!open.length) return;
  const at = open.indexOf(here);
  stand(open[at < 0 ? (by > 0 ? 0 : open.length - 1) : (at + by + open.length) % open.length], true);
}

// Puts a source's value into the record; the server is told whose it is when the page is saved.
function take(button) {
  const [name] = button.value.split(":");
  const target = box(name);
  target.value = button.dataset.value;
  taken(name)?.remove();
  const note = Object.assign(document.createElement("input"), { type: "hidden", name: "take", value: button.value });
  note.dataset.of = name;
  form.append(note);
  count();
}

form.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-field]");
  if (row) stand(row);
  const button = event.target.closest("button[name=take]");
  if (!button) return;
  event.preventDefault();
  take(button);
});
form.addEventListener("input", (event) => {
  taken(event.target.name)?.remove();
  count();
});
form.addEventListener("focusin", (event) => {
  const row = event.target.closest("tr[data-field]");
  if (row) stand(row);
});
form.addEventListener("submit", () => { leaving = true; });
window.addEventListener("pageshow", () => { leaving = false; count(); });
window.addEventListener("beforeunload", (event) => { if (!leaving && count()) event.preventDefault(); });

function follow(rel) { document.querySelector(`a.bs-button[rel="${rel}"]`)?.click(); }

function reject() {
  const part = form.querySelector(".rv-reject");
  if (!part) return;
  part.open = true;
  part.querySelector("input").focus();
}

const acts = {
  j: () => follow("next"),
  k: () => follow("prev"),
  n: () => step(1),
  p: () => step(-1),
  c: () => step(1, (row) => row.classList.contains("clash")),
  e: () => here?.querySelector("[id^='value-']")?.focus(),
  s: () => form.querySelector("[data-save]")?.click(),
  r: reject,
  "?": () => keys.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (keys.open) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.querySelector("[data-approve]")?.click();
    return;
  }
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (typing) {
    if (event.key === "Escape") typing.blur();
    if (event.key === "Enter" && typing.id === "why") {
      event.preventDefault();
      form.querySelector('[value="reject"]').click();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const source = /^[1-9]$/.test(event.key) && here?.querySelectorAll("td[data-source]")[Number(event.key) - 1];
  const act = source ? () => { const button = source.querySelector("button[name=take]"); if (button) take(button); } : acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
document.querySelector("[data-keys]")?.addEventListener("click", () => keys.showModal());
const problem = form.querySelector("tr.problem");
stand(problem ?? form.querySelector("tr:target") ?? form.querySelector("tr.clash") ?? rows[0], Boolean(problem));
count();
