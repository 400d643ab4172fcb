// Waits for an export's file and shows it when it is there.
import { follow, readJson, replaceParts } from "./parts.js";

const page = document.querySelector("[data-export]");
follow(async () => {
  const answer = await readJson(page.dataset.export);
  replaceParts(answer.parts);
  return !answer.end;
}, 1);
