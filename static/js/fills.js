// Colours and patterns that tell outcomes apart, in the page's own colours: kinds of trouble differ by pattern too.
const TILE = 8;
const PATTERNS = [
  (pen) => { pen.moveTo(0, 8); pen.lineTo(8, 0); pen.moveTo(-2, 2); pen.lineTo(2, -2); pen.moveTo(6, 10); pen.lineTo(10, 6); },
  (pen) => { pen.moveTo(0, 0); pen.lineTo(8, 8); pen.moveTo(-2, 6); pen.lineTo(2, 10); pen.moveTo(6, -2); pen.lineTo(10, 2); },
  (pen) => { pen.moveTo(0, 4); pen.lineTo(8, 4); },
  (pen) => { pen.moveTo(4, 0); pen.lineTo(4, 8); },
  (pen) => { pen.moveTo(0, 4); pen.lineTo(8, 4); pen.moveTo(4, 0); pen.lineTo(4, 8); },
  (pen) => { pen.rect(2, 2, 3, 3); },
  (pen) => { pen.moveTo(0, 0); pen.lineTo(8, 8); pen.moveTo(8, 0); pen.lineTo(0, 8); },
  (pen) => { pen.arc(4, 4, 2, 0, 7); },
  (pen) => { pen.moveTo(0, 6); pen.lineTo(4, 2); pen.lineTo(8, 6); },
];
const TROUBLE = ["ambiguous", "blocked", "login_failed", "layout_changed", "network", "policy_denied", "runner_error", "skipped", "unreported"];
const MILD = new Set(["ambiguous", "skipped", "unreported"]);

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// What a canvas fills the outcome's bars with.
export function fill(outcome) {
  if (outcome === "found") return colour("--bs-ok");
  if (outcome === "not_found") return colour("--bs-none-bar");
  const tile = Object.assign(document.createElement("canvas"), { width: TILE, height: TILE });
  const pen = tile.getContext("2d");
  pen.fillStyle = colour(MILD.has(outcome) ? "--bs-warn-soft" : "--bs-bad-soft");
  pen.fillRect(0, 0, TILE, TILE);
  pen.strokeStyle = colour(MILD.has(outcome) ? "--bs-warn" : "--bs-bad");
  pen.lineWidth = 2;
  pen.beginPath();
  PATTERNS[Math.max(0, TROUBLE.indexOf(outcome))](pen);
  pen.stroke();
  return pen.createPattern(tile, "repeat");
}

// A small picture of it, for the legend.
export function swatch(outcome) {
  const picture = Object.assign(document.createElement("canvas"), { width: 16, height: 16, className: "bs-swatch" });
  const pen = picture.getContext("2d");
  pen.fillStyle = fill(outcome);
  pen.fillRect(0, 0, 16, 16);
  return picture;
}
