// Doubtful labels: one key per decision. A decision is saved in the background, while the focus
// moves to the next drawing. Decided drawings keep their place, so that the buttons do not move.

import { isLoggedOut, request } from "../api.js";
import { pressedShortcut, rememberShortcutSetting } from "../shortcuts.js";

/** @type {(id: string) => any} The template defines the types. */
const $ = (id) => document.getElementById(id);
const page = $("main").dataset;
/** @type {NodeListOf<HTMLElement>} */
const cardList = document.querySelectorAll(".label-card");
const cards = [...cardList];

let lastSave = Promise.resolve();

// Save one decision at a time, so that the results are announced in order.
function decide(card, { value: decision }) {
  show(card, "saving", page.saving);
  focusNextUndecided(card);
  lastSave = lastSave.then(() => save(card, decision));
}

async function save(card, decision) {
  const { action, elements } = card.querySelector("form");
  const fields = { id: elements.id.value, seen_at: elements.seen_at.value, decision };
  try {
    const { ok, body } = await request("POST", action, { form: fields });
    show(card, ok ? "decided" : "refused", body?.detail ?? page.refused);
  } catch (reason) {
    show(card, "unsaved", isLoggedOut(reason) ? page.loggedOut : page.failed);
  }
  announce(card);
}

// Only an undecided or unsaved card can be decided.
function show(card, state, text) {
  card.dataset.state = state;
  card.querySelector(".result").textContent = text;
  card.querySelector("fieldset").disabled = !isUndecided(card);
}

/** @param {HTMLElement} card */
function isUndecided(card) {
  const { state } = card.dataset;
  return !state || state === "unsaved";
}

// After the last card, return to the cards before it that were skipped or are not saved.
function focusNextUndecided(card) {
  const index = cards.indexOf(card);
  const others = [...cards.slice(index + 1), ...cards.slice(0, index)];
  (others.find(isUndecided) ?? $("next") ?? $("main")).focus();
}

function announce(card) {
  const label = card.querySelector("h2").textContent;
  $("announcement").textContent = `${label}. ${card.querySelector(".result").textContent}`;
}

function onKeyDown(event) {
  const card = event.target.closest(".label-card");
  const key = pressedShortcut(event);
  if (!card || !key) return;
  const step = { arrowdown: 1, arrowup: -1 }[key];
  const target = cards[cards.indexOf(card) + step];
  const button = card.querySelector(`[aria-keyshortcuts="${CSS.escape(key)}"]`);
  if (!target && !button) return;
  event.preventDefault();
  if (target) target.focus();
  else button.click();
}

function enhance(card) {
  card.tabIndex = -1;
  card.addEventListener("submit", (event) => {
    event.preventDefault();
    decide(card, event.submitter);
  });
}

if (cards.length) {
  cards.forEach(enhance);
  document.querySelector(".shortcuts").removeAttribute("hidden");
  rememberShortcutSetting();
  document.addEventListener("keydown", onKeyDown);
  window.addEventListener("beforeunload", (event) => {
    if (cards.some(({ dataset: { state } }) => state === "unsaved")) event.preventDefault();
  });
  cards[0].focus({ preventScroll: true });
}
