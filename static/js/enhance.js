// Works out again what will happen whenever the choice changes; the server says it, this only shows it.
const form = document.querySelector("form.bs-enhance");
const check = form.querySelector("[data-check]");
let asked = 0;

check.hidden = true;
form.addEventListener("input", async () => {
  const turn = ++asked;
  const choice = new FormData(form);
  choice.append("check", "1");
  const answer = await fetch(location.href, { method: "POST", body: choice, credentials: "same-origin" });
  if (!answer.ok || turn !== asked) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of ["[data-outlook]", "tbody"]) {
    const fresh = page.querySelector(`form.bs-enhance ${part}`);
    if (fresh && part === "tbody") updatePace(fresh);
    else if (fresh) form.querySelector(part).innerHTML = fresh.innerHTML;
  }
  form.querySelector("[data-start]").disabled = page.querySelector("[data-start]").disabled;
});

// cell by cell: replacing a row would take the focus off its box
function updatePace(fresh) {
  const cells = form.querySelectorAll("tbody td:last-child");
  fresh.querySelectorAll("td:last-child").forEach((cell, n) => (cells[n].innerHTML = cell.innerHTML));
}
