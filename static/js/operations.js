// Keeps the operations page as the server sees it.
import { follow, readJson, replaceParts } from "./parts.js";

const page = document.querySelector("[data-live]");
follow(async () => replaceParts((await readJson(page.dataset.live)).parts));
