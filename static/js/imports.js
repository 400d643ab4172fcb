// Follows an import that is being read or applied; loads the page anew when that is over.
import { follow, readJson, replaceParts } from "./parts.js";

const page = document.querySelector("[data-progress]");
follow(async () => {
  const { parts, busy } = await readJson(page.dataset.progress);
  if (busy) replaceParts(parts);
  else location.reload();
  return busy;
}, 1);
