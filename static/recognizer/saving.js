// Store a drawing and its corrections on the server, and keep them in this tab.

import { request } from "../api.js";
import { DRAWING_KEY, ofTab } from "../storage.js";
import { paintPlaceholder, toFields } from "./canvas.js";
import { fill, numberPhrase, page, uiStrings } from "./page.js";

/** @import { Content, Digit, Drawing, Prediction, Stroke, Submission } from "./types" */

/** @type {Content} */
export const BLANK = { strokes: [], upload: null }; // Contents are never modified, only replaced.

/** @param {Content} content */
export const isBlank = ({ strokes, upload }) => !strokes.length && !upload;

/** @param {Drawing} drawing A number of a picture with several rows. Return the picture. */
export const pageOf = ({ past }) => past.find(({ upload }) => upload && !upload.isSingleRow)?.upload;

/** @param {Drawing} drawing */
export const isCorrected = ({ corrections }) => corrections.some((label) => label !== undefined);

/** @param {Drawing} drawing */
export const isSaved = (drawing) => !mustStore(drawing) && unsavedCorrection(drawing) < 0;

/**
 * If the server has refused to store the drawing, try again with each correction.
 *
 * @param {Drawing} drawing
 */
function mustStore({ finished, processed, unanswered, isRefused, corrections, savedCorrections }) {
  const isCorrectedAgain = corrections.some((label, i) => label !== savedCorrections[i]);
  return processed !== finished || unanswered !== null || (isRefused && isCorrectedAgain);
}

/**
 * Call the API. The server ignores the token of a new visitor as soon as the browser sends a cookie.
 *
 * @param {string} method
 * @param {string | undefined} path
 * @param {object} [json]
 * @param {AbortSignal} [signal]
 */
export function callApi(method, path, json, signal) {
  const headers = { "X-Owner-Token": page.ownerToken ?? "" };
  return request(method, path ?? "", { json, headers, signal });
}

/**
 * Send the next request that the drawing needs. Return whether its predictions were replaced.
 *
 * @param {Drawing} drawing
 */
export async function saveNext(drawing) {
  if (mustStore(drawing)) return storeContent(drawing);
  await saveCorrection(drawing);
  return false;
}

/**
 * Return the index of the first correction that the server does not know, or -1.
 *
 * @param {Drawing} drawing
 */
function unsavedCorrection({ submissions, corrections, savedCorrections }) {
  return submissions.findIndex(
    (_, i) => corrections[i] !== undefined && corrections[i] !== savedCorrections[i],
  );
}

/** @param {Drawing} drawing */
async function storeContent(drawing) {
  const { submissions: previous, savedCorrections } = drawing;
  // If a response was lost, send the content again to learn what the server has stored.
  const content = drawing.unanswered ?? drawing.finished;
  const { ok, body } = await sendContent(drawing, content);
  if (!ok) {
    // The submissions are those of an earlier content, so a correction does not belong to them.
    const corrections = [...savedCorrections];
    const refusal = body?.detail ?? uiStrings.refused;
    Object.assign(drawing, { processed: content, isRefused: true, refusal, corrections });
    return false;
  }
  /** @type {Submission[]} */
  const submissions = body.submissions;
  noteEarlier(drawing, content, submissions, body.is_new);
  const replaced = previous.filter(({ id }) => submissions.every((other) => other.id !== id));
  for (const { id } of replaced) {
    if (!drawing.earlierIds.includes(id)) await callApi("DELETE", `${page.submissions}${id}/`);
  }
  // A submission that replaces another one does not have its correction yet.
  drawing.savedCorrections = submissions.map(({ id }, i) =>
    id === previous[i]?.id ? savedCorrections[i] : undefined,
  );
  Object.assign(drawing, { processed: content, isRefused: false, submissions });
  if (!submissions.length || content !== drawing.content) return false;
  // A new model version may find another number of digits. Then the corrections no longer fit.
  const { predictions: shown } = drawing;
  if (shown && shown.length !== submissions.length) drawing.corrections = [];
  drawing.predictions = submissions.map((each, i) => mergePrediction(drawing, each, i));
  const saved = isCorrected(drawing) ? "" : uiStrings.saved;
  Object.assign(drawing, { refusal: "", notice: drawing.isIncomplete ? uiStrings.incomplete : saved });
  return true;
}

/**
 * Send the content, and remember it in `unanswered` while nobody knows whether the server stored it.
 *
 * @param {Drawing} drawing
 * @param {Content} content
 */
async function sendContent(drawing, content) {
  if (isBlank(content)) return { ok: true, body: { submissions: [], is_new: [] } };
  drawing.unanswered = content;
  const source = content.upload ? "upload" : "canvas";
  try {
    const answer = await callApi("POST", page.store, { ...toFields(content), source });
    drawing.unanswered = null;
    return answer;
  } catch (error) {
    if (error instanceof Response) drawing.unanswered = null; // A busy server stores nothing.
    throw error;
  }
}

/**
 * The visitor may have stored the same picture before. Undo must not delete that submission. On the
 * canvas, another drawing is only the same by chance, or if a closing page has stored this one.
 *
 * @param {Drawing} drawing
 * @param {Content} content That was stored.
 * @param {Submission[]} submissions
 * @param {boolean[]} isNew
 */
function noteEarlier(drawing, content, submissions, isNew) {
  const known = drawing.submissions.map(({ id }) => id);
  const earlier = submissions.filter(({ id, correction, review }, i) => {
    const isKept = content.upload || correction || review !== "pending";
    return isKept && !isNew[i] && !known.includes(id);
  });
  drawing.earlierIds.push(...earlier.map(({ id }) => id));
}

/**
 * Return the prediction to show for a stored submission. If the visitor has uploaded the picture
 * before, the stored prediction may be outdated, and the correction of that time still counts.
 *
 * @param {Drawing} drawing
 * @param {Submission} submission
 * @param {number} index
 */
function mergePrediction(drawing, submission, index) {
  const { predictions, corrections, savedCorrections, earlierIds, finished } = drawing;
  const shown = predictions?.[index];
  const { id, correction } = submission;
  if (!earlierIds.includes(id)) return { ...shown, ...submission };
  if (finished.upload && correction && corrections[index] === undefined) {
    corrections[index] = savedCorrections[index] = correction.digit;
  }
  return { ...submission, ...shown };
}

/** @param {Drawing} drawing */
async function saveCorrection(drawing) {
  const { corrections, savedCorrections, submissions, predictions } = drawing;
  const index = unsavedCorrection(drawing);
  const digit = /** @type {Digit} */ (corrections[index]);
  const url = `${page.submissions}${submissions[index].id}/correction/`;
  const { ok, status, body } = await callApi("POST", url, { digit });
  if (ok) {
    savedCorrections[index] = digit;
    if (unsavedCorrection(drawing) >= 0) return;
    const isComplete = submissions.every((_, i) => savedCorrections[i] !== undefined);
    const digits = isComplete ? /** @type {Digit[]} */ (savedCorrections) : [digit];
    const isNew = predictions?.some((prediction, i) => isMisread(prediction, savedCorrections[i]));
    const wasLearned = isNew && page.remembers && (await isPredictedAsCorrected(drawing));
    drawing.notice = fill(thanks(digits, isNew, wasLearned), { name: numberPhrase(digits) });
  } else if (status === 404 && !drawing.isStoredAgain) {
    // The visitor logged out in another tab, so the submission belongs to somebody else now.
    Object.assign(drawing, { processed: null, submissions: [], savedCorrections: [] });
    drawing.isStoredAgain = true;
  } else {
    corrections[index] = savedCorrections[index];
    drawing.correctionRefusal = body?.detail ?? uiStrings.refused;
  }
}

/**
 * @param {Prediction} prediction
 * @param {Digit | undefined} correction
 */
const isMisread = ({ digit }, correction) => correction !== undefined && correction !== digit;

/**
 * The visitor's memory learns from corrections at once, unless it is turned off. One correction is
 * not always enough to change the prediction, so the page asks before it promises anything.
 *
 * @param {Drawing} drawing
 */
async function isPredictedAsCorrected({ finished, savedCorrections }) {
  if (finished.upload) return false; // A picture can be too large to send it again.
  const body = { ...toFields(finished), source: "canvas" };
  const answer = await callApi("POST", page.recognize, body).catch(() => null);
  /** @type {Prediction[]} */
  const predictions = answer?.ok ? answer.body.digits : [];
  return predictions.length > 0 && !predictions.some((each, i) => isMisread(each, savedCorrections[i]));
}

/**
 * @param {Digit[]} digits
 * @param {boolean | undefined} isNew
 * @param {boolean | undefined} wasLearned
 */
function thanks(digits, isNew, wasLearned) {
  if (!isNew || !page.remembers) return uiStrings.thanks;
  const kind = wasLearned ? "learned" : "remembered";
  const isNotADigit = digits.length === 1 && digits[0] === null;
  return uiStrings[isNotADigit ? `${kind}_not_a_digit` : kind];
}

// ---- In this tab ----
/**
 * Keep drawings for a reload or a change of language: the one on the canvas, and those that the
 * server does not fully know yet.
 *
 * @param {Drawing} current
 * @param {Drawing[]} unsaved
 */
export function keepInTab(current, unsaved) {
  if (isBlank(current.content) && !unsaved.length) return ofTab.set(DRAWING_KEY, null);
  const [kept, ...others] = [current, ...unsaved].map(toKept);
  const { user, ownerToken } = page;
  ofTab.set(DRAWING_KEY, JSON.stringify({ user, ownerToken, current: kept, unsaved: others }));
}

/** @param {Drawing} drawing */
function toKept(drawing) {
  const { content, finished, processed, isRefused, submissions, corrections, savedCorrections } = drawing;
  return {
    strokes: content.strokes,
    url: content.upload?.url,
    picture: pageOf(drawing)?.url,
    isStored: content === finished && content === processed && !isRefused,
    ids: submissions.map(({ id }) => id),
    earlierIds: drawing.earlierIds,
    // A corrected drawing is in the visitor's memory, which would change its prediction.
    predictions: isCorrected(drawing) ? drawing.predictions : null,
    // JSON has no undefined.
    corrections: Object.entries(corrections).filter(([, digit]) => digit !== undefined),
    savedCorrections: Object.entries(savedCorrections).filter(([, digit]) => digit !== undefined),
  };
}

/**
 * Return the drawings that this tab has kept, or null. After a logout, forget the user's drawings.
 *
 * @returns {Promise<{current: Partial<Drawing> | null, unsaved: Partial<Drawing>[]} | null>}
 */
export async function recallFromTab() {
  const kept = JSON.parse(ofTab.get(DRAWING_KEY) ?? "null");
  if (!kept || (kept.user && kept.user !== page.user)) return null;
  // The closing page may still be storing a new visitor's first drawing, with its own token.
  if (page.ownerToken && kept.ownerToken) page.ownerToken = kept.ownerToken;
  const unsaved = await Promise.all(kept.unsaved.map(fromKept));
  return { current: kept.current && (await fromKept(kept.current)), unsaved };
}

/**
 * @param {any} kept
 * @returns {Promise<Partial<Drawing>>}
 */
async function fromKept(kept) {
  /** @type {{strokes: Stroke[], url?: string, picture?: string}} */
  const { strokes, url, picture } = kept;
  const earlier = picture ? [BLANK, { strokes: [], upload: await loadUpload(picture) }] : [BLANK];
  const content = { strokes, upload: url ? await loadUpload(url) : null };
  return {
    content,
    past: url ? earlier : strokes.map((_, i) => ({ strokes: strokes.slice(0, i), upload: null })),
    finished: content,
    processed: kept.isStored ? content : BLANK,
    submissions: kept.ids.map((/** @type {string} */ id) => ({ id })),
    earlierIds: kept.earlierIds,
    predictions: kept.predictions,
    corrections: Object.assign([], Object.fromEntries(kept.corrections)),
    savedCorrections: Object.assign([], Object.fromEntries(kept.savedCorrections)),
  };
}

/** @param {string} url */
async function loadUpload(url) {
  const bitmap = new Image();
  bitmap.src = url;
  try {
    await bitmap.decode();
    return { url, bitmap };
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return { url, bitmap: paintPlaceholder(uiStrings.no_preview), isSingleRow: true };
  }
}
