// One socket for everything a page watches, and the page's own polling while there is none. The protocol: docs/live.md.
//
// watch(ask, {hear, poll, state}) → {close(), again(after)}
//   ask    {watch: "job", id, after} | {watch: "operations"} | {watch: "banner"}; a job at most once per page
//   hear   (message) of this watch, one after the other; may be async: the server goes on when it is done
//   poll   () async, every 5 s while there is no socket, and once when one is heard (not for a job: it has its cursor);
//          for a job it resolves to the position that it has read up to
//   state  (word) "live", "polling" or "away" (no answer at all)
const POLL = 5000;
const SHORTEST = 1000;
const LONGEST = 30000;
const PING = 15000;
const watches = new Set();
let socket = null;
let pause = SHORTEST;
let opened = 0;
let heard = 0;

const isOpen = () => socket?.readyState === WebSocket.OPEN;
const send = (message) => isOpen() && socket.send(JSON.stringify(message));
const place = ({ watch, id }) => (watch === "job" ? { watch, id } : { watch });
const same = (one, other) => one.watch === other.watch && (one.watch !== "job" || one.id === other.id);

export function watch(ask, { hear, poll, state = () => {} }) {
  const one = { ask, hear, poll, state, after: ask.after, age: 0, over: false, turn: Promise.resolve(), polled: null, word: "" };
  watches.add(one);
  if (isOpen()) begin(one);
  else if (!socket) connect();
  return {
    close() { watches.delete(one); send({ unwatch: place(ask) }); },
    again(after) { [one.after, one.over] = [after, false]; subscribe(one); },
  };
}

// What was asked before is void: lines still on their way are told apart by their positions.
function subscribe(one) {
  one.age += 1;
  if (watches.has(one) && !one.over) send(one.ask.watch === "job" ? { ...place(one.ask), after: one.after } : one.ask);
}

async function begin(one) {
  const through = socket;
  await one.polled;
  if (through !== socket) return;
  subscribe(one);
}

function connect() {
  socket = new WebSocket(new URL("/ws/live/", location.href.replace(/^http/, "ws")));
  socket.addEventListener("open", () => { opened = heard = Date.now(); watches.forEach(begin); });
  socket.addEventListener("message", ({ data }) => receive(JSON.parse(data)));
  socket.addEventListener("close", reconnect);
}

function reconnect() {
  socket?.removeEventListener("close", reconnect);
  pause = opened && Date.now() - opened > 10000 ? SHORTEST : Math.min(pause * 2, LONGEST);
  [socket, opened] = [null, 0];
  setTimeout(() => socket || connect(), pause * (0.5 + Math.random() / 2));
}

function receive(message) {
  heard = Date.now();
  const mine = [...watches].filter((one) => same(one.ask, message));
  if (!mine.length) confirm(message);
  for (const one of mine) {
    const { age } = one;
    if (message.type !== "error") tell(one, "live"); // an open socket may still be one that is refused
    one.turn = one.turn.then(() => age === one.age && take(one, message)).catch(reportError).then(() => confirm(message));
  }
}

// also what nobody wants any more: until then the server sends no further lines
function confirm(message) {
  if (message.to !== undefined && message.type !== "end") send({ ...place(message), seen: message.to });
}

async function take(one, message) {
  if (message.type === "watching") return pollOnce(one); // what came before this is nowhere but there
  if (message.type !== "lines") {
    if (message.type === "reset") one.after = message.from - 1;
    if (message.type === "end") one.over = true;
    await one.hear(message);
  } else if (message.from > one.after + 1) {
    return; // of a question that was asked before
  } else if (message.to > one.after) {
    const lines = message.lines.filter((line) => line.position > one.after);
    const from = one.after + 1;
    one.after = message.to; // already now: who reconnects meanwhile asks for what follows
    await one.hear({ ...message, from, lines });
  }
}

function tell(one, word) {
  if (one.word === word) return;
  one.word = word;
  one.state(word);
}

function pollOnce(one) {
  const { age } = one;
  one.polled ??= (async () => {
    try {
      const to = await one.poll();
      if (Number.isInteger(to) && age === one.age) one.after = to;
      if (!isOpen()) tell(one, "polling");
    } catch {
      if (!isOpen()) tell(one, "away");
    }
    one.polled = null;
  })();
  return one.polled;
}

setInterval(() => {
  if (document.hidden || isOpen()) return;
  for (const one of watches) if (!one.over) pollOnce(one);
}, POLL);

// A socket whose other end went away in silence says nothing: ask, and give it up without an answer.
setInterval(() => {
  if (!isOpen()) return;
  if (Date.now() - heard < 2 * PING + POLL) return send({ ping: 1 });
  const gone = socket;
  reconnect();
  gone.close();
}, PING);
