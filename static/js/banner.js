// Keeps the banner of running enhancements as the server sees it; a page that had none looks now and then.
import { follow, readJson, replaceParts } from "./parts.js";

const banner = document.querySelector("[data-banner]");
const busy = banner.querySelector("progress") !== null;
follow(async () => replaceParts((await readJson(banner.dataset.banner)).parts), busy ? 2 : 15);
