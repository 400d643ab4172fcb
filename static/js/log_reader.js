// Asks the server for stretches of a log, as the filter wants them.
import { readJson } from "./parts.js";

const ROUNDS = 20; // a stretch without a wanted line is passed over so often in one go

export function logReader(url, form) {
  const wanted = () => new URLSearchParams([...new FormData(form)].filter(([name, value]) => value.trim() && name !== "outcome"));

  // where: {after}, {before}, {line}, or {} for the end; answers {lines, from, to, head, first, removed, end}
  async function once(where, limit) {
    const asked = wanted();
    for (const [name, value] of Object.entries({ ...where, limit })) asked.set(name, value);
    return readJson(`${url}?${asked}`);
  }

  async function read(where, limit = 200) {
    let answer = await once(where, limit);
    const { from, to } = answer;
    for (let round = 0; round < ROUNDS && !answer.lines.length; round += 1) {
      if ("after" in where && answer.to < answer.head) answer = await once({ after: answer.to }, limit);
      else if (!("after" in where) && answer.from > answer.first) answer = await once({ before: answer.from }, limit);
      else break;
    }
    return { ...answer, from: Math.min(from, answer.from), to: Math.max(to, answer.to) };
  }

  return { read, wanted, filtered: () => wanted().size > 0 };
}
