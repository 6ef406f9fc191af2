// The review queue: one drawing at a time, one key per decision. Decisions are saved in the
// background, so that the next drawing appears at once.

import { isLoggedOut, request, retryDelayMs } from "../api.js";
import { pressedShortcut, rememberShortcutSetting } from "../shortcuts.js";

const REFILL_BELOW = 10; // The page claims more drawings when it has fewer cards than this.
const POLL_EMPTY_QUEUE_MS = 30_000;
const RENEW_CLAIM_AFTER_MS = 120_000; // well before the server releases the claim
const SNOOZE_MS = 3_600_000; // as on the server
const RECENT_DECISIONS = 8; // shown below the card
const NOT_A_DIGIT = 10;

/** @type {(id: string) => any} The template defines the types. */
const $ = (id) => document.getElementById(id);
const page = $("main").dataset;
/** @type {NodeListOf<HTMLButtonElement>} */
const buttonList = document.querySelectorAll("[data-action]");
const decisionButtons = [...buttonList];

let cards = []; // Claimed drawings without a decision. The page shows the first one.
const decisions = []; // oldest first: {card, action, label, madeAt, result, decidedAt, refused}
const unsaved = []; // decisions, skips and undos that the server has not confirmed, oldest first
let savedCount = 0; // how many of them the server has answered
let saving = false;
let claiming = false;
let nextClaim = null; // form fields of the claim to make after the current one
let claimedAt = 0;
let error = "";
let emptyQueue = null; // {text, snoozed} when the server has no more drawings
let waiting = null; // {count, isCut}: how many drawings are pending, as far as the page knows
let retryTimer, pollTimer;

// ---- Server ----
async function post(url, fields) {
  const { ok, body } = await request("POST", url, { form: fields });
  if (url === page.decide || !unsaved.length) error = "";
  return { ok, body: body ?? { detail: page.refused } };
}

/** @param {unknown} reason With which the request rejected. */
function scheduleRetry(reason) {
  const problem = reason instanceof Response ? page.busy : page.offline;
  error = isLoggedOut(reason) ? page.loggedOut : problem;
  $("error").querySelector("a").hidden = !isLoggedOut(reason);
  clearTimeout(retryTimer);
  retryTimer = setTimeout(sync, retryDelayMs(reason));
  render();
}

function sync() {
  save();
  refill();
}

// ---- Saving: one decision at a time, in order, until the server has confirmed it ----
async function save() {
  if (saving) return; // The running loop also saves new decisions.
  saving = true;
  try {
    while (unsaved.length) {
      const [decision] = unsaved;
      decision.sent = true;
      const { ok, body } = await post(page.decide, decisionFields(decision));
      unsaved.shift();
      savedCount++;
      if (ok) decision.decidedAt = body.decided_at;
      else showFailure(decision, body);
      render();
    }
  } catch (reason) {
    scheduleRetry(reason);
  }
  saving = false;
  refill();
}

function decisionFields({ card, action, label, undone }) {
  const fields = { id: card.id, corrected_at: card.corrected_at, action };
  if (undone) return { ...fields, decided_at: undone.decidedAt ?? "" };
  return label === undefined ? fields : { ...fields, label };
}

// Another reviewer was faster, or the visitor deleted the drawing: drop the card. If the visitor
// changed the correction, the server sends a new card. It comes last, so that the card that the
// reviewer is looking at stays.
function showFailure(refused, { detail, card: newCard }) {
  const { card } = refused;
  cards = cards.filter((other) => other !== card);
  const replacement = newCard ? preloadImage(newCard) : card;
  if (newCard) cards.push(replacement);
  if (refused.undone) decisions.push(refused); // to show why
  for (const decision of decisions.filter((each) => each.card === card)) {
    decision.result = detail;
    decision.card = replacement;
    decision.refused = true;
  }
  announce(detail);
}

// ---- Claim more drawings ----
async function refill(fields = {}) {
  clearTimeout(pollTimer);
  if (claiming) nextClaim = { ...nextClaim, ...fields };
  const isClaimFresh = Date.now() - claimedAt < RENEW_CLAIM_AFTER_MS;
  if (claiming || (cards.length >= REFILL_BELOW && isClaimFresh)) return;
  claiming = true;
  nextClaim = null;
  const saved = decisions.filter((decision) => !unsaved.includes(decision));
  const savedBefore = savedCount;
  try {
    const { ok, body } = await post(page.claim, fields);
    claimedAt = Date.now();
    if (ok) {
      // If a decision was saved meanwhile, nobody knows whether the server's count includes it.
      if (savedCount === savedBefore || !waiting) setWaiting(body);
      receive(body, fields, saved);
    } else scheduleRetry(new Response(null, { status: 503 })); // Try again, as for a busy site.
  } catch (reason) {
    scheduleRetry(reason);
  }
  claiming = false;
  if (nextClaim) refill(nextClaim);
  else if (!cards.length) pollTimer = setTimeout(refill, POLL_EMPTY_QUEUE_MS);
}

function setWaiting(counts) {
  waiting = { count: counts.waiting - countReviews(unsaved), isCut: counts.waiting_is_cut };
}

function receive({ cards: claimed, empty, snoozed }, fields, saved) {
  const wasEmpty = !cards.length;
  cards.push(...newCards(claimed, fields, saved).map(preloadImage));
  emptyQueue = claimed.length ? null : { text: empty, snoozed };
  render();
  if (!wasEmpty || !cards.length) return;
  announce();
  // Do not take the focus away from the menu.
  if (document.activeElement.matches("body, main, #empty, #empty *")) $("card").focus();
}

// The decisions after which a drawing is not pending any more.
function countReviews(made) {
  return made.filter(({ action }) => action === "approve" || action === "reject").length;
}

// Leave out cards that the page already has, and those that were decided too late for this claim.
// `saved` are the decisions that the server had confirmed before. Their drawings are only claimed
// again if somebody has reopened them. A skipped card returns on request or after an hour.
function newCards(claimed, { include_snoozed: includeSnoozed }, saved) {
  const isHidden = (decision) =>
    decision.action === "skip"
      ? !includeSnoozed && Date.now() - decision.madeAt < SNOOZE_MS
      : !saved.includes(decision);
  const latest = new Map(decisions.map((decision) => [decision.card.id, decision]));
  const hidden = [...latest.values()].filter(isHidden);
  const known = [...cards, ...hidden.map(({ card }) => card)];
  const knownIds = new Set(known.map(({ id }) => id));
  return claimed.filter(({ id }) => !knownIds.has(id));
}

function preloadImage(card) {
  const imageElement = new Image();
  imageElement.alt = "";
  imageElement.src = card.image;
  return { ...card, imageElement };
}

// ---- Decisions ----
function decide(action, label) {
  const card = cards.shift();
  if (!card) return;
  const text = { approve: page.approved, reject: page.rejected, skip: page.skipped }[action];
  const result = text.replace("{name}", labelName(label));
  const decision = { card, action, label, madeAt: Date.now(), result };
  decisions.push(decision);
  unsaved.push(decision);
  waiting.count -= countReviews([decision]);
  render();
  announce(decision.result);
  $(cards.length ? "card" : "main").focus();
  sync();
}

function undo() {
  const decision = decisions.findLast(canBeUndone);
  if (!decision) return announce(page.nothingToUndo);
  decisions.splice(decisions.indexOf(decision), 1);
  waiting.count += countReviews([decision]);
  // If the decision was not sent yet, the server need not undo it.
  if (decision.sent) unsaved.push({ card: decision.card, action: "undo", undone: decision });
  else unsaved.splice(unsaved.indexOf(decision), 1);
  cards = [decision.card, ...cards.filter(({ id }) => id !== decision.card.id)];
  emptyQueue = null;
  render();
  announce(page.undone);
  $("card").focus();
  sync();
}

// The page must not undo a decision of another page.
function canBeUndone({ refused }) {
  return !refused;
}

function labelName(label) {
  return label === NOT_A_DIGIT ? page.notADigit : String(label);
}

function onDecisionClick({ currentTarget }) {
  const { dataset, value, id } = currentTarget;
  if (id === "accept") decide("approve", cards[0]?.suggested_label);
  else decide(dataset.action, value === "" ? undefined : Number(value));
}

function onKeyDown(event) {
  if (event.key === "Enter" && event.target.closest("a, button, input")) return;
  const button = buttonFor(pressedShortcut(event));
  if (!button) return;
  event.preventDefault();
  if (button === $("undo")) undo();
  else if (cards.length) button.click();
}

function buttonFor(key) {
  if (key === "u") return $("undo");
  if (key === "enter") return $("accept").hidden ? undefined : $("accept");
  return decisionButtons.find((button) => button.getAttribute("aria-keyshortcuts") === key);
}

// ---- Rendering ----
function announce(text = "") {
  const [next] = cards;
  const emptyText = emptyQueue ? [$("empty").innerText] : [];
  const sentences = next ? [next.summary, ...next.notes] : emptyText;
  $("announcement").textContent = [text, ...sentences].join(" ");
}

function render() {
  const [card] = cards;
  page.state = card ? "ready" : emptyQueue ? "empty" : "waiting";
  $("card").hidden = !card;
  $("empty").hidden = Boolean(card) || !emptyQueue;
  if (card) renderCard(card);
  if (emptyQueue) {
    $("empty").querySelector("p").textContent = emptyQueue.text;
    $("show-snoozed").hidden = !emptyQueue.snoozed;
  }
  renderError();
  renderDecisions();
  renderWaiting();
}

function renderCard(card) {
  const { imageElement } = card;
  if ($("drawing").firstChild !== imageElement) $("drawing").replaceChildren(imageElement);
  $("model-input").src = card.model_input;
  $("admin").href = card.admin;
  $("summary").textContent = card.summary;
  $("notes").replaceChildren(...card.notes.map((note) => newElement("li", note)));
  $("accept").firstElementChild.textContent = page.accept.replace("{name}", card.label_name);
  $("accept").hidden = card.choices.length > 0;
  $("choices").hidden = !card.choices.length;
  $("choices").querySelectorAll("button").forEach((button, i) => {
    const { label, text } = card.choices[i] ?? {};
    button.value = label ?? "";
    button.firstElementChild.textContent = text ?? "";
    button.querySelector("kbd").textContent = label === NOT_A_DIGIT ? "N" : (label ?? "");
  });
}

function renderWaiting() {
  if (!waiting) return;
  const count = waiting.isCut ? `${waiting.count}+` : Math.max(waiting.count, 0);
  $("waiting").textContent = page.waiting.replace("{count}", String(count));
}

function renderError() {
  const unsavedText = unsaved.length ? page.unsaved.replace("{count}", String(unsaved.length)) : "";
  const text = error && `${error} ${unsavedText}`;
  const paragraph = $("error").querySelector("p");
  $("error").hidden = !text;
  if (paragraph.textContent !== text) paragraph.textContent = text;
}

function renderDecisions() {
  const recent = decisions.slice(-RECENT_DECISIONS).reverse();
  const items = recent.map((decision) => {
    const image = new Image(42, 42);
    image.src = decision.card.model_input;
    image.alt = "";
    const item = newElement("li", decision.result);
    item.classList.toggle("unsaved", unsaved.includes(decision));
    item.prepend(image);
    return item;
  });
  $("recent-decisions").replaceChildren(...items);
  $("undo").disabled = !decisions.some(canBeUndone);
}

function newElement(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

for (const button of decisionButtons) button.addEventListener("click", onDecisionClick);
$("undo").addEventListener("click", undo);
$("show-snoozed").addEventListener("click", () => refill({ include_snoozed: 1 }));
document.addEventListener("keydown", onKeyDown);
window.addEventListener("online", sync);
window.addEventListener("beforeunload", (event) => unsaved.length && event.preventDefault());
rememberShortcutSetting();
render();
refill(new URLSearchParams(location.search).has("snoozed") ? { include_snoozed: 1 } : {});
