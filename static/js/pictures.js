// Says of each picture how large it is, and marks one that does not load or is too small for a shop.
const ENOUGH = 500;

function settle(figure) {
  const picture = figure.querySelector("img");
  const size = figure.querySelector("[data-size]");
  const { naturalWidth: width, naturalHeight: height } = picture;
  figure.classList.toggle("broken", !width);
  if (!width) return;
  const small = Math.min(width, height) < ENOUGH;
  size.textContent = `${width}×${height}${small ? ` ${size.dataset.small}` : ""}`;
  size.classList.toggle("small", small);
}

for (const figure of document.querySelectorAll("[data-picture]")) {
  const picture = figure.querySelector("img");
  picture.addEventListener("load", () => settle(figure));
  picture.addEventListener("error", () => settle(figure));
  if (picture.complete) settle(figure);
}
