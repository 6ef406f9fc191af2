// The state of the draw page: the content of the canvas, the predictions, and the corrections.
// This module also sends each change to the server, and tries again after a lost connection.

import { retryDelayMs } from "../api.js";
import { isCanvasReadable, toFields } from "./canvas.js";
import { page, uiStrings } from "./page.js";
import {
  BLANK,
  callApi,
  isBlank,
  isCorrected,
  isSaved,
  keepInTab,
  pageOf,
  recallFromTab,
  saveNext,
} from "./saving.js";

/** @import { Content, Digit, Drawing, PageNumber, Prediction, Stroke, Upload } from "./types" */

const FINISH_AFTER_MS = 2000; // A drawing counts as finished this long after its last stroke.
const PREDICT_INTERVAL_MS = 300; // minimum between two predictions during a stroke
const CUT_REFUSALS = ["several_rows", "no_rows", "too_faint", "out_of_focus", "no_sheet"]; // A part of the picture may be better.
const SAVE_CHECK_MS = 50;
const MIN_CONFIDENCE_MID_STROKE = 0.6; // During a stroke, only show predictions above this.

// Other modules only read the state.
export const state = {
  drawing: newDrawing(),
  connectionError: "", // shown while the server cannot be reached
  explanationWanted: false,
};

/** @type {Set<Drawing>} */
const outOfSync = new Set(); // drawings that the server does not fully know yet
let syncing = false;
// Requests for a prediction are numbered, so that a late response is ignored.
let lastRequest = 0;
let lastResponse = 0;
let predictedAt = 0;
/** @type {AbortController | undefined} */
let predictController;
/** @type {number | undefined} */
let finishTimer;
/** @type {number | undefined} */
let retryTimer;
let notifyChange = () => {};

/** @param {() => void} listener */
export function onChange(listener) {
  notifyChange = listener;
}

/** @returns {Drawing} */
function newDrawing() {
  return {
    content: BLANK,
    past: [],
    future: [],
    cleared: null,
    finished: BLANK,
    processed: BLANK,
    predictions: null,
    rows: [],
    selected: 0,
    submissions: [],
    earlierIds: [],
    corrections: [],
    savedCorrections: [],
    isStoredAgain: false,
    unanswered: null,
    isRefused: false,
    correctionRefusal: "",
    refusal: "",
    refusalCode: "",
    isIncomplete: false,
    notice: "",
  };
}

export const isPredicting = () => lastRequest !== lastResponse;

// ---- Connection ----
/** @param {unknown} error With which a request rejected. */
function scheduleRetry(error) {
  const cause = error instanceof Response ? "busy" : "offline";
  const kept = isCorrected(state.drawing) ? "correction" : "drawing";
  state.connectionError = uiStrings[`${cause}_${kept}`];
  clearTimeout(retryTimer);
  retryTimer = setTimeout(retry, retryDelayMs(error));
}

export function retry() {
  if (!isBlank(state.drawing.content)) predict(state.drawing.content);
  sync();
}

// ---- Live predictions; nothing is stored ----
/** @param {Content} content */
async function predict(content) {
  cancelPrediction();
  predictController = new AbortController();
  const requestNumber = ++lastRequest;
  predictedAt = Date.now();
  try {
    if (content.upload && (await findRows(content.upload, predictController.signal))) return;
    const source = content.upload ? "upload" : "canvas";
    const body = { ...toFields(content), source, explain: state.explanationWanted };
    const answer = await callApi("POST", page.recognize, body, predictController.signal);
    if (requestNumber !== lastRequest) return;
    state.connectionError = "";
    showPrediction(content, answer);
  } catch (error) {
    if (requestNumber === lastRequest) scheduleRetry(error);
  } finally {
    lastResponse = Math.max(lastResponse, requestNumber);
    notifyChange();
  }
}

/**
 * Return whether an uploaded picture has several rows, so that the visitor must choose a number.
 *
 * @param {Upload} upload
 * @param {AbortSignal} signal
 */
async function findRows(upload, signal) {
  if (!isCanvasReadable) upload.isSingleRow = true; // The canvas cannot cut out a number.
  if (upload.isSingleRow) return false;
  const { ok, body } = await callApi("POST", page.readPage, { image: upload.url }, signal);
  /** @type {PageNumber[][]} */
  const found = ok ? body.rows : [];
  const rows = found.map((row) => row.filter(({ number }) => number)).filter((row) => row.length);
  upload.isSingleRow = rows.length < 2;
  if (upload.isSingleRow) {
    scheduleFinish();
    return false;
  }
  state.connectionError = "";
  Object.assign(state.drawing, { rows, predictions: null, selected: 0, refusal: "" });
  return true;
}

/**
 * @param {Content} content
 * @param {{ok: boolean, body: any}} answer
 */
function showPrediction(content, { ok, body }) {
  const { drawing } = state;
  // An unfinished digit often does not look like a digit. So do not show errors and uncertain
  // predictions before the stroke has ended.
  const isMidStroke = content !== drawing.content;
  if (isMidStroke && !(ok && body.digits.every(isConfidentDigit))) return;
  if (isCorrected(drawing) && drawing.predictions) {
    // The drawing is in the visitor's memory now, so its new prediction would be the correction.
    if (ok) addExplanations(drawing.predictions, body.digits);
    return;
  }
  const predictions = ok ? body.digits : null;
  const selected = Math.min(drawing.selected, (predictions?.length ?? 1) - 1);
  // The server may have refused to store this content while it was predicted.
  const isNotStored = drawing.isRefused && drawing.processed === content;
  const earlier = isNotStored ? drawing.refusal : "";
  const refusal = ok ? earlier : (body?.detail ?? uiStrings.refused);
  const refusalCode = ok ? "" : (body?.code ?? "");
  Object.assign(drawing, { predictions, selected, refusal, refusalCode });
  drawing.isIncomplete = ok && body.incomplete;
  if (drawing.isIncomplete) drawing.notice = uiStrings.incomplete;
}

/**
 * @param {Prediction[]} predictions
 * @param {Prediction[]} explained
 */
function addExplanations(predictions, explained) {
  predictions.forEach((prediction, i) => (prediction.explanation = explained[i]?.explanation));
}

/** @param {Prediction} prediction */
const isConfidentDigit = ({ digit, confidence }) =>
  digit !== null && confidence > MIN_CONFIDENCE_MID_STROKE;

function cancelPrediction() {
  predictController?.abort();
  lastResponse = ++lastRequest;
}

/** @param {Stroke} stroke */
export function predictStroke(stroke) {
  const isSoon = Date.now() - predictedAt < PREDICT_INTERVAL_MS;
  if (state.connectionError || isPredicting() || isSoon) return;
  const { content } = state.drawing;
  predict({ ...content, strokes: [...content.strokes, stroke] });
}

/** @param {boolean} wanted */
export function requestExplanation(wanted) {
  state.explanationWanted = wanted;
  if (wanted && state.drawing.predictions) predict(state.drawing.content);
  notifyChange();
}

// ---- Saving ----
// Send one request at a time, so that nothing is stored twice, and so that the first response has
// set a new visitor's cookie before the next request.
async function sync() {
  if (syncing) return; // The running loops also handle new changes.
  syncing = true;
  let failure = null;
  for (const drawing of outOfSync) {
    try {
      await syncDrawing(drawing);
    } catch (error) {
      failure = error;
      if (!(error instanceof Response)) break; // The server cannot be reached.
    }
  }
  if (failure) scheduleRetry(failure);
  syncing = false;
  notifyChange();
}

/** @param {Drawing} drawing */
async function syncDrawing(drawing) {
  while (!isSaved(drawing)) {
    const isReplaced = await saveNext(drawing);
    // A prediction in flight may contain the explanation, which the stored one does not have.
    const isObsolete = isReplaced && drawing === state.drawing && !state.explanationWanted;
    if (isObsolete) cancelPrediction();
    state.connectionError = "";
    notifyChange();
  }
  outOfSync.delete(drawing);
}

// ---- Editing ----
// Continue this drawing. After a correction or an upload, start a new one instead.
export function beginStroke() {
  if (mayCut()) return;
  clearTimeout(finishTimer);
  predictedAt = Date.now(); // Do not predict a stroke that has only just begun.
  if (isCorrected(state.drawing) || state.drawing.content.upload) startNew();
}

/** Return whether the visitor may cut out a part of the uploaded picture, because it is not read. */
export function mayCut() {
  const { content, rows, predictions, refusalCode } = state.drawing;
  if (!content.upload || !isCanvasReadable || isCorrected(state.drawing)) return false;
  const isNoDigit = predictions?.length === 1 && predictions[0].digit === null;
  return isNoDigit || rows.length > 0 || CUT_REFUSALS.includes(refusalCode);
}

/** @param {Stroke} stroke */
export function addStroke(stroke) {
  const { content, past } = state.drawing;
  setContent({ ...content, strokes: [...content.strokes, stroke] }, [...past, content], []);
}

/** @param {Upload} upload */
export function addUpload(upload) {
  if (!isBlank(state.drawing.content)) startNew();
  setContent({ strokes: [], upload }, [BLANK], []);
}

/**
 * Go on with a part of the uploaded picture. `undo` returns to the picture.
 *
 * @param {Upload} upload
 */
export function choosePart(upload) {
  const { content, past } = state.drawing;
  setContent({ strokes: [], upload }, [...past, content], []);
}

export function canUndo() {
  const { past, cleared } = state.drawing;
  return (past.length > 0 || cleared !== null) && !isCorrected(state.drawing);
}

export const canRedo = () => state.drawing.future.length > 0 && !isCorrected(state.drawing);

export function undo() {
  const { content, past, future, cleared } = state.drawing;
  if (!canUndo()) return;
  if (past.length) setContent(past[past.length - 1], past.slice(0, -1), [content, ...future]);
  else if (cleared) bringBack(cleared);
}

/** @param {Drawing} drawing */
function bringBack(drawing) {
  finish(); // Strokes that were drawn and undone in between may be stored.
  state.drawing = drawing;
  predict(drawing.content);
  scheduleFinish();
  notifyChange();
}

/** Continue with the drawing that was on the canvas before a reload. */
export async function restore() {
  const kept = await recallFromTab();
  if (!kept) return;
  kept.unsaved.forEach((each) => outOfSync.add(Object.assign(newDrawing(), each)));
  sync();
  if (isBlank(kept.current?.content ?? BLANK) || !isBlank(state.drawing.content)) return;
  bringBack(Object.assign(newDrawing(), kept.current));
  finish(); // The closing page may have stored it, so learn the ids of the submissions.
}

/** Keep the drawing on the canvas and the unsaved ones for a reload. */
export function keep() {
  const others = [...outOfSync].filter((drawing) => drawing !== state.drawing);
  keepInTab(state.drawing, others.filter((drawing) => !isSaved(drawing) && !isBlank(drawing.finished)));
}

/** Empty the canvas. `undo` brings the drawing back. */
export function clear() {
  const cleared = state.drawing;
  startNew();
  state.drawing.cleared = cleared;
  notifyChange();
}

export function redo() {
  const { content, past, future } = state.drawing;
  if (canRedo()) setContent(future[0], [...past, content], future.slice(1));
}

/**
 * @param {Content} content
 * @param {Content[]} past
 * @param {Content[]} future
 */
function setContent(content, past, future) {
  const errors = { refusal: "", refusalCode: "", correctionRefusal: "" };
  Object.assign(state.drawing, { content, past, future, rows: [], notice: "", ...errors });
  cancelPrediction();
  if (isBlank(content)) state.drawing.predictions = null;
  else predict(content);
  scheduleFinish();
  notifyChange();
}

function scheduleFinish() {
  clearTimeout(finishTimer);
  finishTimer = setTimeout(finish, FINISH_AFTER_MS);
}

export function finish() {
  clearTimeout(finishTimer);
  const { upload } = state.drawing.content;
  if (upload && !upload.isSingleRow) return; // A page with several rows is not stored.
  state.drawing.finished = state.drawing.content;
  outOfSync.add(state.drawing);
  sync();
}

/** Save the drawing now. Resolve when everything is saved, or when the server cannot be reached. */
export async function save() {
  finish();
  while (syncing) await new Promise((resolve) => setTimeout(resolve, SAVE_CHECK_MS));
}

/** Return whether the server has the drawing as it is on the canvas. */
export function isDrawingSaved() {
  const { drawing } = state;
  if (isBlank(drawing.content)) return true;
  return !syncing && drawing.content === drawing.finished && isSaved(drawing);
}

// Start a new drawing. Discard the old one, unless it is already stored or corrected. If a request
// to store it is still running, its submission is deleted afterwards.
function startNew() {
  const { drawing } = state;
  if (!drawing.submissions.length && !isCorrected(drawing)) drawing.finished = BLANK;
  replaceDrawing();
  notifyChange();
}

/** Start the next drawing. If the last one was a number of a picture with several rows, show them again. */
export function startNext() {
  const picture = pageOf(state.drawing);
  startNew();
  if (picture) addUpload(picture);
}

function replaceDrawing() {
  clearTimeout(finishTimer);
  cancelPrediction();
  state.connectionError = "";
  state.drawing = newDrawing();
}

/** @param {number} index */
export function select(index) {
  state.drawing.selected = index;
  notifyChange();
}

/**
 * Refuse a file. The old drawing is stored and leaves the canvas, because its prediction would look
 * like that of the file. `undo` brings it back.
 *
 * @param {string} reason
 */
export function refuseFile(reason) {
  if (!isBlank(state.drawing.content)) {
    finish();
    const cleared = state.drawing;
    replaceDrawing();
    state.drawing.cleared = cleared;
  }
  state.drawing.refusal = reason;
  notifyChange();
}

/**
 * Correct the selected digit.
 *
 * @param {Digit} digit
 */
export function correct(digit) {
  state.drawing.corrections[state.drawing.selected] = digit;
  saveCorrections();
}

/** Confirm the predictions, also instead of corrections. */
export function confirm() {
  const predictions = state.drawing.predictions ?? [];
  state.drawing.corrections = predictions.map(({ digit }) => digit);
  saveCorrections();
}

/** Confirm the predictions that the visitor has not corrected. */
export function confirmOthers() {
  const { predictions, corrections } = state.drawing;
  predictions?.forEach(({ digit }, i) => {
    if (corrections[i] === undefined) corrections[i] = digit;
  });
  saveCorrections();
}

function saveCorrections() {
  state.drawing.correctionRefusal = "";
  finish();
}
