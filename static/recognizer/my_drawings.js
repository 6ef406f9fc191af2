// The visitor's own drawings: replay one stroke by stroke, delete one or all.

import { request } from "../api.js";
import { DRAWING_KEY, ofTab, renewFormTokens, warnWithoutCookies } from "../storage.js";
import { paintStrokes, SIDE } from "./canvas.js";

const MAX_PAUSE_MS = 250; // A replay shortens longer pauses between points.
const REPLAY_PEN_WIDTH = 18; // in the units of the canvas, if the drawing's own width is not stored
const NOTICE_KEY = "deletion-notice"; // in sessionStorage, to survive the reload

/** @type {(id: string) => any} The template defines the types. */
const $ = (id) => document.getElementById(id);

const page = $("main").dataset;
const dialog = $("confirm-deletion");
const forgetForm = $("forget"); // null if there is nothing to forget
const forgetDialog = $("confirm-forgetting");
let idToDelete = ""; // empty means all drawings

/**
 * Return the answer, or null after showing an error.
 *
 * @param {string} method
 * @param {string} url
 */
async function callApi(method, url) {
  // After a login or logout in another tab, "all" would mean other drawings than those shown here.
  const headers = { "X-Expected-Owner": page.owner };
  const answer = await request(method, url, { headers }).catch(() => null);
  const isAlreadyDeleted = method === "DELETE" && answer?.status === 404;
  const succeeded = answer?.ok || isAlreadyDeleted;
  const error = $("error");
  const reason = answer?.status === 409 ? answer.body.detail : error.dataset.text;
  error.textContent = succeeded ? "" : reason;
  return succeeded ? answer : null;
}

// ---- Deletion ----
function askForConfirmation({ currentTarget }) {
  idToDelete = currentTarget.value;
  const question = $("deletion-question");
  question.textContent = idToDelete ? question.dataset.one : question.dataset.all;
  dialog.returnValue = "keep";
  dialog.showModal();
}

async function deleteConfirmed() {
  if (dialog.returnValue !== "delete") return;
  const url = idToDelete ? `${page.submissions}${idToDelete}/` : page.submissions;
  const answer = await callApi("DELETE", url);
  if (!answer) return;
  forgetKept((id) => !idToDelete || id === idToDelete);
  if (answer.status === 200) ofTab.set(NOTICE_KEY, answer.body.detail);
  location.reload(); // Drawings of the next page move up.
}

function showDeletionNotice() {
  const notice = $("deletion-notice");
  notice.textContent = ofTab.get(NOTICE_KEY);
  ofTab.set(NOTICE_KEY, null);
}

// The draw page must not bring back a drawing that was deleted or corrected here. It still sends the
// drawings that the server does not have yet.
function forgetKept(isForgotten) {
  const kept = JSON.parse(ofTab.get(DRAWING_KEY) ?? "null");
  if (!kept) return;
  const isOther = ({ ids }) => !ids.some(isForgotten);
  const { current } = kept;
  // If the tab does not know that the drawing is stored, its id is unknown: it may be this one.
  const keepsCurrent = current?.isStored && isOther(current);
  const unsaved = kept.unsaved.filter(isOther);
  ofTab.set(DRAWING_KEY, JSON.stringify({ ...kept, current: keepsCurrent ? current : null, unsaved }));
}

// ---- The personal memory ----
function confirmForgetting(event) {
  if (forgetDialog.returnValue === "forget") return;
  event.preventDefault();
  forgetDialog.returnValue = "keep";
  forgetDialog.showModal();
}

function forgetConfirmed() {
  if (forgetDialog.returnValue === "forget") forgetForm.requestSubmit();
}

// ---- Replay ----
async function replay({ currentTarget: button }) {
  if (button.disabled) return;
  button.disabled = true;
  const answer = await callApi("GET", `${page.submissions}${button.value}/`);
  if (answer) await animate(button.parentElement, answer.body.strokes);
  button.disabled = false;
  button.focus();
}

// Animate on a canvas that covers the image and uses the image's coordinates.
async function animate(frame, strokes) {
  const image = frame.querySelector("img");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 2 * SIDE;
  frame.append(canvas);
  // Imported drawings may contain strokes without points.
  const points = timeline(strokes.filter((stroke) => stroke.length));
  const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const nextFrame = reducedMotion ? (go) => setTimeout(go, MAX_PAUSE_MS) : requestAnimationFrame;
  const [startedAt, endMs] = [performance.now(), points.at(-1)?.atMs ?? 0];
  for (let elapsedMs = 0; elapsedMs < endMs; elapsedMs = performance.now() - startedAt) {
    await new Promise(nextFrame);
    paintUntil(canvas, points, elapsedMs, image.naturalWidth);
  }
  paintUntil(canvas, points, endMs, image.naturalWidth);
  await new Promise((go) => setTimeout(go, 2 * MAX_PAUSE_MS));
  canvas.remove();
}

// Return every point with the index of its stroke and the moment when the replay shows it.
function timeline(strokes) {
  let atMs = 0;
  let previousTime = strokes[0]?.[0][2];
  return strokes.flatMap((stroke, strokeIndex) =>
    stroke.map(([x, y, time, width]) => {
      atMs += Math.min(Math.max(time - previousTime, 0), MAX_PAUSE_MS);
      previousTime = time;
      return { x, y, width, atMs, strokeIndex };
    }),
  );
}

function paintUntil(canvas, points, elapsedMs, imageSide) {
  const strokes = [];
  const scale = SIDE / imageSide;
  for (const { x, y, width, atMs, strokeIndex } of points) {
    if (atMs > elapsedMs) continue;
    strokes[strokeIndex] ??= { width: scale * width || REPLAY_PEN_WIDTH, points: [] };
    strokes[strokeIndex].points.push([scale * x, scale * y]);
  }
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  paintStrokes(context, strokes);
}

function onEachClick(selector, listener) {
  for (const button of document.querySelectorAll(selector)) {
    button.addEventListener("click", listener);
  }
}

onEachClick("button.delete", askForConfirmation);
onEachClick("button.replay", replay);
dialog.addEventListener("close", deleteConfirmed);
forgetForm?.addEventListener("submit", confirmForgetting);
forgetDialog.addEventListener("close", forgetConfirmed);
/** @type {NodeListOf<HTMLFormElement>} */
const correctionForms = document.querySelectorAll("form.correction");
for (const form of correctionForms) {
  form.addEventListener("submit", () => forgetKept((id) => form.action.includes(id)));
}
renewFormTokens();
showDeletionNotice();
warnWithoutCookies();
