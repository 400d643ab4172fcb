// Keeps the banner of running enhancements as the server sees it: when it hears of a batch, at most once a second.
import { watch } from "./live.js";
import { readJson, replaceParts } from "./parts.js";

const AT_MOST_EVERY = 1000;
const banner = document.querySelector("[data-banner]");
let waiting = null;

const refresh = async () => replaceParts((await readJson(banner.dataset.banner)).parts);
const look = () => { waiting = null; refresh().catch(() => {}); }; // the next news, or the polling, tries again
const soon = () => { waiting ??= setTimeout(look, AT_MOST_EVERY); };

watch({ watch: "banner" }, { hear: soon, poll: refresh });
