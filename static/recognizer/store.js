// The state of the draw page: the content of the canvas, the predictions, and the corrections.
// This module also sends each change to the server, and tries again after a lost connection.

import { fill, page, request, uiStrings } from "./api.js";
import { toImage } from "./canvas.js";

const FINISH_AFTER_MS = 2000; // A drawing counts as finished this long after its last stroke.
const PREDICT_INTERVAL_MS = 300; // minimum between two predictions during a stroke
const RETRY_AFTER_MS = 3000; // after a lost connection
const MIN_CONFIDENCE_MID_STROKE = 0.6; // During a stroke, only show predictions above this.
const MAX_STROKES = 200; // The server accepts no more.
const MAX_POINTS = 2000; // of all strokes
const MAX_STROKES_JSON_CHARS = 50_000; // A closing page can send at most 64 KB.
const NOT_A_DIGIT = 10; // index of its phrase in uiStrings.labels

const BLANK = { strokes: [], upload: null }; // Contents are never modified, only replaced.

export let drawing = newDrawing();
export let connectionError = ""; // shown while the server cannot be reached
export let explanationWanted = false;

const outOfSync = new Set(); // drawings that the server does not fully know yet
let syncing = false;
// Requests for a prediction are numbered, so that a late response is ignored.
let lastRequest = 0;
let lastResponse = 0;
let predictController, predictedAt, finishTimer, retryTimer;
let notifyChange;

export function onChange(listener) {
  notifyChange = listener;
}

function newDrawing() {
  return {
    content: BLANK,
    past: [], // earlier contents, for undo
    future: [], // undone contents, for redo
    finished: BLANK, // the content to store
    processed: BLANK, // the content that the server has stored or refused
    predictions: null, // one per digit, from left to right
    selected: 0, // index of the digit that the details and the correction buttons refer to
    submissions: [], // the stored submissions, one per digit
    corrections: [], // one per digit; null means "not a digit", undefined means no correction
    savedCorrections: [], // the corrections that the server has saved
    refusal: "", // why the server refused the drawing
    notice: "",
  };
}

export const isBlank = ({ strokes, upload }) => !strokes.length && !upload;
export const isCorrected = ({ corrections }) => corrections.some((label) => label !== undefined);
export const isPredicting = () => lastRequest !== lastResponse;

// ---- Connection ----
// `error` is the Response of a busy server, or a network error.
function scheduleRetry(error) {
  const isBusy = error instanceof Response;
  const kept = isCorrected(drawing) ? "correction" : "drawing";
  connectionError = uiStrings[`${isBusy ? "busy" : "offline"}_${kept}`];
  clearTimeout(retryTimer);
  const retryAfterMs = isBusy && error.headers.get("Retry-After") * 1000;
  retryTimer = setTimeout(retry, retryAfterMs || RETRY_AFTER_MS);
}

export function retry() {
  if (!isBlank(drawing.content)) predict(drawing.content);
  sync();
}

// ---- Live predictions; nothing is stored ----
async function predict(content) {
  cancelPrediction();
  predictController = new AbortController();
  const requestNumber = ++lastRequest;
  predictedAt = Date.now();
  try {
    const body = { image: toImage(content), explain: explanationWanted };
    const response = await request("POST", page.recognize, body, predictController.signal);
    if (requestNumber !== lastRequest) return;
    connectionError = "";
    showPrediction(content, response);
  } catch (error) {
    if (requestNumber === lastRequest) scheduleRetry(error);
  } finally {
    lastResponse = Math.max(lastResponse, requestNumber);
    notifyChange();
  }
}

function showPrediction(content, { ok, body }) {
  // An unfinished digit often does not look like a digit. So do not show errors and uncertain
  // predictions before the stroke has ended.
  const isMidStroke = content !== drawing.content;
  if (isMidStroke && !(ok && body.digits.every(isConfidentDigit))) return;
  const predictions = ok ? body.digits : null;
  const selected = Math.min(drawing.selected, (predictions?.length ?? 1) - 1);
  Object.assign(drawing, { predictions, selected, refusal: ok ? "" : body.detail });
}

const isConfidentDigit = ({ digit, confidence }) =>
  digit !== null && confidence > MIN_CONFIDENCE_MID_STROKE;

function cancelPrediction() {
  predictController?.abort();
  lastResponse = ++lastRequest;
}

export function predictStroke(stroke) {
  if (connectionError || isPredicting() || Date.now() - predictedAt < PREDICT_INTERVAL_MS) return;
  predict({ ...drawing.content, strokes: [...drawing.content.strokes, stroke] });
}

export function requestExplanation(wanted) {
  explanationWanted = wanted;
  if (wanted && drawing.predictions) predict(drawing.content);
  notifyChange();
}

// ---- Saving ----
// Send one request at a time, so that nothing is stored twice, and so that the first response has
// set a new visitor's cookie before the next request.
async function sync() {
  if (syncing) return; // The running loops also handle new changes.
  syncing = true;
  try {
    for (const target of outOfSync) {
      while (target.processed !== target.finished || unsavedCorrection(target) >= 0) {
        await (target.processed !== target.finished ? storeDrawing : saveCorrection)(target);
        connectionError = "";
        notifyChange();
      }
      outOfSync.delete(target);
    }
  } catch (error) {
    scheduleRetry(error);
  }
  syncing = false;
  notifyChange();
}

// Return the index of the first correction that the server does not know, or -1.
function unsavedCorrection({ submissions, corrections, savedCorrections }) {
  return submissions.findIndex(
    (_, i) => corrections[i] !== undefined && corrections[i] !== savedCorrections[i],
  );
}

async function storeDrawing(target) {
  const { finished: content, submissions: previous } = target;
  const { ok, body } = isBlank(content)
    ? { ok: true, body: { submissions: [] } }
    : await request("POST", page.store, toRequestBody(content));
  if (!ok) {
    const corrections = [...target.savedCorrections];
    return Object.assign(target, { processed: content, refusal: body.detail, corrections });
  }
  const { submissions } = body;
  const replaced = previous.filter(({ id }) => submissions.every((other) => other.id !== id));
  for (const { id } of replaced) await request("DELETE", `${page.submissions}${id}/`);
  Object.assign(target, { processed: content, submissions });
  // A new model version may find fewer digits. Then the corrections no longer fit.
  if (target.corrections.length > submissions.length) target.corrections = [];
  if (submissions.length && content === target.content) showSaved(target);
}

function showSaved(target) {
  const predictions = target.submissions.map((submission, i) => ({
    ...target.predictions?.[i],
    ...submission,
  }));
  Object.assign(target, { predictions, refusal: "", notice: uiStrings.saved });
  if (target === drawing) cancelPrediction();
}

async function saveCorrection(target) {
  const { corrections, savedCorrections, submissions, predictions } = target;
  const index = unsavedCorrection(target);
  const digit = corrections[index];
  const url = `${page.submissions}${submissions[index].id}/correction/`;
  const { ok, body } = await request("POST", url, { digit });
  if (ok) {
    savedCorrections[index] = digit;
    const isComplete = submissions.every((_, i) => savedCorrections[i] !== undefined);
    const digits = isComplete ? savedCorrections : [digit];
    const isNew = predictions?.some((prediction, i) => isMisread(prediction, savedCorrections[i]));
    target.notice = fill(thanks(digits, isNew), { name: numberPhrase(digits) });
  } else {
    corrections[index] = savedCorrections[index];
    target.notice = body.detail;
  }
}

const isMisread = ({ digit }, correction) => correction !== undefined && correction !== digit;

// The visitor's memory learns from corrections at once, unless it is turned off.
function thanks(digits, isNew) {
  if (!isNew || !page.remembers) return uiStrings.thanks;
  const isNotADigit = digits.length === 1 && digits[0] === null;
  return isNotADigit ? uiStrings.remembered_not_a_digit : uiStrings.remembered;
}

function toRequestBody({ strokes, upload }) {
  if (upload) return { image: upload.url, source: "upload" };
  const start = strokes[0].points[0][2];
  const points = strokes.map((stroke) => stroke.points.map(([x, y, time]) => [x, y, time - start]));
  const fits =
    points.length <= MAX_STROKES &&
    points.flat().length <= MAX_POINTS &&
    JSON.stringify(points).length <= MAX_STROKES_JSON_CHARS;
  return { image: toImage({ strokes }), source: "canvas", strokes: fits ? points : null };
}

// ---- Editing ----
// Continue this drawing. After a correction or an upload, start a new one instead.
export function beginStroke() {
  clearTimeout(finishTimer);
  predictedAt = Date.now(); // Do not predict a stroke that has only just begun.
  if (isCorrected(drawing) || drawing.content.upload) startNew();
}

export function addStroke(stroke) {
  const { content, past } = drawing;
  setContent({ ...content, strokes: [...content.strokes, stroke] }, [...past, content], []);
}

export function addUpload(upload) {
  if (!isBlank(drawing.content)) startNew();
  setContent({ strokes: [], upload }, [BLANK], []);
}

export const canUndo = () => drawing.past.length > 0 && !isCorrected(drawing);
export const canRedo = () => drawing.future.length > 0 && !isCorrected(drawing);

export function undo() {
  const { content, past, future } = drawing;
  if (canUndo()) setContent(past.at(-1), past.slice(0, -1), [content, ...future]);
}

export function redo() {
  const { content, past, future } = drawing;
  if (canRedo()) setContent(future[0], [...past, content], future.slice(1));
}

function setContent(content, past, future) {
  Object.assign(drawing, { content, past, future, refusal: "", notice: "" });
  cancelPrediction();
  if (isBlank(content)) drawing.predictions = null;
  else predict(content);
  clearTimeout(finishTimer);
  finishTimer = setTimeout(finish, FINISH_AFTER_MS);
  notifyChange();
}

export function finish() {
  clearTimeout(finishTimer);
  drawing.finished = drawing.content;
  outOfSync.add(drawing);
  sync();
}

// Start a new drawing. Discard the old one, unless it is already stored or corrected. If a request
// to store it is still running, its submission is deleted afterwards.
export function startNew() {
  clearTimeout(finishTimer);
  if (!drawing.submissions.length && !isCorrected(drawing)) drawing.finished = BLANK;
  cancelPrediction();
  connectionError = "";
  drawing = newDrawing();
  notifyChange();
}

export function select(index) {
  drawing.selected = index;
  notifyChange();
}

export function refuse(reason) {
  drawing.refusal = reason;
  notifyChange();
}

// Correct the selected digit; null means "not a digit".
export function correct(digit) {
  drawing.corrections[drawing.selected] = digit;
  finish();
}

export function confirm() {
  drawing.corrections = drawing.predictions.map(({ digit }) => digit);
  finish();
}

// ---- Phrases ----
export const labelPhrase = (digit) => uiStrings.labels[digit ?? NOT_A_DIGIT];

// Return "42" for several digits, but "a 4" for a single one.
export function numberPhrase(digits) {
  if (digits.length === 1) return labelPhrase(digits[0]);
  return digits.map((digit) => digit ?? "?").join("");
}
