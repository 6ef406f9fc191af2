// The queue: one drawing after the other, one key a decision, saved behind the reviewer's back.

const PATIENCE = 10_000; // ms to wait for the server
const RETRY = 3000; // ms until the next try after a lost connection
const FEW = 10; // so few cards left: ask for more
const LOOK_AGAIN = 30_000; // ms until an empty desk asks for more
const RENEW = 120_000; // ms after which what lies on the desk is claimed anew
const SHOWN = 8; // last decisions

const $ = (id) => document.getElementById(id);
const page = $("main").dataset;
const buttons = [...document.querySelectorAll("[data-verb]")];

let hand = []; // cards to decide, the first one is shown
const made = []; // decisions, oldest first: {card, verb, label, result}
const unsaved = []; // decisions and undos that the server has not confirmed, oldest first
let saving = false;
let asking = false;
let askAgain = null; // something was decided meanwhile
let askedAt = 0;
let trouble = "";
let empty = null; // what the server says when nothing waits
let retryTimer, lookTimer;

// ---- The server ----
async function post(url, fields) {
  const response = await fetch(url, {
    method: "POST",
    keepalive: true, // what is decided is saved even from a closing page
    headers: { Accept: "application/json", "X-CSRFToken": token() },
    body: new URLSearchParams(fields),
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (response.status === 401 || response.status === 429 || response.status >= 500) throw response;
  const isJson = response.headers.get("Content-Type")?.includes("json");
  const body = isJson ? await response.json() : { detail: page.refused };
  if (url === page.decide || !unsaved.length) trouble = "";
  return { ok: response.ok, body };
}

// Read each time: logging in again changes it.
function token() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? "";
}

function tryLater(error) {
  const status = error instanceof Response ? error.status : 0;
  trouble = status === 401 ? page.loggedOut : status ? page.busy : page.lost;
  $("trouble").querySelector("a").hidden = status !== 401;
  clearTimeout(retryTimer);
  retryTimer = setTimeout(goOn, RETRY);
  render();
}

function goOn() {
  save();
  refill();
}

// ---- Saving: in order, one at a time, until the server has answered ----
async function save() {
  if (saving) return; // the loop there sees what is new
  saving = true;
  try {
    while (unsaved.length) {
      const [job] = unsaved;
      job.tried = true;
      const { ok, body } = await post(page.decide, fieldsOf(job));
      unsaved.shift();
      if (!ok) failed(job, body.detail);
      render();
    }
  } catch (error) {
    tryLater(error);
  }
  saving = false;
  refill();
}

function fieldsOf({ card, verb, label }) {
  return { id: card.id, verb, ...(label === undefined ? {} : { label }) };
}

// Somebody was faster, or has deleted it: nothing can be done with this card any more.
function failed({ card }, detail) {
  hand = hand.filter((other) => other !== card);
  for (const decision of made) if (decision.card === card) decision.result = detail;
  announce(detail);
}

// ---- New cards ----
async function refill(more = {}) {
  clearTimeout(lookTimer);
  if (asking) askAgain = { ...askAgain, ...more };
  if (asking || (hand.length >= FEW && Date.now() - askedAt < RENEW)) return;
  asking = true;
  askAgain = null;
  try {
    const { ok, body } = await post(page.take, more);
    askedAt = Date.now();
    if (ok) receive(body, more);
    else tryLater(new Response(null, { status: 503 }));
  } catch (error) {
    tryLater(error);
  }
  asking = false;
  if (askAgain) refill(askAgain);
  else if (!hand.length) lookTimer = setTimeout(refill, LOOK_AGAIN);
}

function receive({ cards, waiting, empty: why, resting }, { skipped }) {
  const decided = made.filter(({ verb }) => verb !== "skip" || !skipped);
  const known = new Set([...hand, ...decided.map(({ card }) => card)].map(({ id }) => id));
  const wasEmpty = !hand.length;
  const fresh = cards.filter(({ id }) => !known.has(id));
  hand.push(...fresh.map(load));
  empty = cards.length ? null : { why, resting };
  $("waiting").textContent = empty && !resting ? "" : waiting;
  render();
  if (!wasEmpty || !hand.length) return;
  announce();
  // Not from under somebody who is in the menu meanwhile.
  if (document.activeElement.matches("body, main, #empty, #empty *")) $("card").focus();
}

function load(card) {
  const picture = new Image();
  picture.alt = "";
  picture.src = card.image;
  return { ...card, picture };
}

// ---- What the reviewer does ----
function decide(verb, label) {
  const card = hand.shift();
  if (!card) return;
  const result = { approve: page.approved, reject: page.rejected, skip: page.skipped }[verb];
  const decision = { card, verb, label, result: result.replace("{name}", named(label)) };
  made.push(decision);
  unsaved.push(decision);
  render();
  announce(decision.result);
  $(hand.length ? "card" : "main").focus();
  goOn();
}

function undo() {
  const decision = made.pop();
  if (!decision) return announce(page.nothing);
  // What was never sent is simply forgotten; else the server takes it back.
  if (decision.tried) unsaved.push({ card: decision.card, verb: "undo" });
  else unsaved.splice(unsaved.indexOf(decision), 1);
  hand.unshift(decision.card);
  empty = null;
  render();
  announce(page.undone);
  $("card").focus();
  goOn();
}

function named(label) {
  return label === 10 ? page.none : String(label);
}

function onClick({ currentTarget: { dataset, value, id } }) {
  if (id === "accept") decide("approve", hand[0]?.proposed);
  else decide(dataset.verb, value === "" ? undefined : Number(value));
}

function onKey(event) {
  if (!$("shortcuts").checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "Enter" && event.target.closest("a, button, input")) return;
  const key = event.key.toLowerCase();
  const button = key === "u" ? $("undo") : buttons.find((one) => one.getAttribute("aria-keyshortcuts") === key);
  const found = key === "enter" ? $("accept") : button;
  if (!found) return;
  event.preventDefault();
  if (found === $("undo")) undo();
  else if (hand.length) found.click();
}

// ---- What the page shows ----
function announce(text = "") {
  const [next] = hand;
  const what = next ? [next.said, ...next.marks] : empty ? [$("empty").innerText] : [];
  $("result").textContent = [text, ...what].join(" ");
}

function render() {
  const [card] = hand;
  page.state = card ? "ready" : empty ? "empty" : "waiting";
  $("card").hidden = !card;
  $("empty").hidden = Boolean(card) || !empty;
  if (card) renderCard(card);
  if (empty) {
    $("empty").querySelector("p").textContent = empty.why;
    $("skipped").hidden = !empty.resting;
  }
  renderTrouble();
  renderLast();
}

function renderCard(card) {
  if ($("drawn").firstChild !== card.picture) $("drawn").replaceChildren(card.picture);
  $("seen").src = card.seen;
  $("admin").href = card.admin;
  $("said").textContent = card.said;
  $("marks").replaceChildren(...card.marks.map((mark) => element("li", mark)));
  $("accept").firstElementChild.textContent = page.accept.replace("{name}", card.name);
}

function renderTrouble() {
  const kept = unsaved.length ? page.kept.replace("{count}", unsaved.length) : "";
  const text = trouble && `${trouble} ${kept}`;
  const line = $("trouble").querySelector("p");
  $("trouble").hidden = !text;
  if (line.textContent !== text) line.textContent = text;
}

function renderLast() {
  const last = made.slice(-SHOWN).reverse();
  const items = last.map((decision) => {
    const picture = new Image(42, 42);
    picture.src = decision.card.seen;
    picture.alt = "";
    const item = element("li", decision.result);
    item.classList.toggle("unsaved", unsaved.includes(decision));
    item.prepend(picture);
    return item;
  });
  $("last").replaceChildren(...items);
  $("undo").disabled = !made.length;
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

for (const button of buttons) button.addEventListener("click", onClick);
$("undo").addEventListener("click", undo);
$("skipped").addEventListener("click", () => refill({ skipped: 1 }));
document.addEventListener("keydown", onKey);
window.addEventListener("online", goOn);
window.addEventListener("beforeunload", (event) => unsaved.length && event.preventDefault());
$("shortcuts").checked = localStorage.getItem("desk-shortcuts") !== "off";
$("shortcuts").addEventListener("change", ({ target }) => {
  localStorage.setItem("desk-shortcuts", target.checked ? "on" : "off");
});
render();
refill();
