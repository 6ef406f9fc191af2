// Store a drawing and its corrections on the server, and keep them in this tab.

import { request } from "../api.js";
import { DRAWING_KEY, ofTab } from "../storage.js";
import { isCanvasReadable, paintPlaceholder, pressureWidth, toImage } from "./canvas.js";
import { fill, numberPhrase, page, uiStrings } from "./page.js";

/** @import { Content, Digit, Drawing, Prediction, Stroke } from "./types" */

const MAX_STROKES = 200; // The server accepts no more.
const MAX_POINTS = 2000; // of all strokes
const MAX_STROKES_JSON_CHARS = 50_000; // A closing page can send at most 64 KB.

/** @type {Content} */
export const BLANK = { strokes: [], upload: null }; // Contents are never modified, only replaced.

/** @param {Content} content */
export const isBlank = ({ strokes, upload }) => !strokes.length && !upload;

/** @param {Drawing} drawing */
export const isCorrected = ({ corrections }) => corrections.some((label) => label !== undefined);

/** @param {Drawing} drawing */
export const isSaved = (drawing) =>
  drawing.processed === drawing.finished && unsavedCorrection(drawing) < 0;

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
  if (drawing.processed !== drawing.finished) return storeContent(drawing);
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
  const { finished: content, submissions: previous, savedCorrections } = drawing;
  const { ok, body } = isBlank(content)
    ? { ok: true, body: { submissions: [], is_new: [] } }
    : await callApi("POST", page.store, {
        ...toFields(content),
        source: content.upload ? "upload" : "canvas",
      });
  if (!ok) {
    const corrections = [...savedCorrections];
    Object.assign(drawing, { processed: content, refusal: body?.detail ?? uiStrings.refused, corrections });
    return false;
  }
  /** @type {Drawing["submissions"]} */
  const submissions = body.submissions;
  noteEarlierUploads(drawing, submissions, body.is_new);
  const replaced = previous.filter(({ id }) => submissions.every((other) => other.id !== id));
  for (const { id } of replaced) {
    if (!drawing.earlierIds.includes(id)) await callApi("DELETE", `${page.submissions}${id}/`);
  }
  // A submission that replaces another one does not have its correction yet.
  drawing.savedCorrections = submissions.map(({ id }, i) =>
    id === previous[i]?.id ? savedCorrections[i] : undefined,
  );
  Object.assign(drawing, { processed: content, submissions });
  if (!submissions.length || content !== drawing.content) return false;
  // A new model version may find another number of digits. Then the corrections no longer fit.
  const { predictions: shown } = drawing;
  if (shown && shown.length !== submissions.length) drawing.corrections = [];
  const predictions = submissions.map((each, i) => ({ ...drawing.predictions?.[i], ...each }));
  const notice = drawing.isIncomplete ? uiStrings.incomplete : uiStrings.saved;
  Object.assign(drawing, { predictions, refusal: "", notice });
  return true;
}

/**
 * The visitor may have uploaded the same picture before. Undo must not delete that submission.
 *
 * @param {Drawing} drawing
 * @param {Drawing["submissions"]} submissions
 * @param {boolean[]} isNew
 */
function noteEarlierUploads(drawing, submissions, isNew) {
  if (!drawing.finished.upload) return; // No two drawings on the canvas are the same.
  const known = drawing.submissions.map(({ id }) => id);
  const earlier = submissions.filter(({ id }, i) => !isNew[i] && !known.includes(id));
  drawing.earlierIds.push(...earlier.map(({ id }) => id));
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
    drawing.notice = fill(thanks(digits, isNew), { name: numberPhrase(digits) });
  } else if (status === 404 && !drawing.isStoredAgain) {
    // The visitor logged out in another tab, so the submission belongs to somebody else now.
    Object.assign(drawing, { processed: null, submissions: [], savedCorrections: [] });
    drawing.isStoredAgain = true;
  } else {
    corrections[index] = savedCorrections[index];
    drawing.notice = body?.detail ?? uiStrings.refused;
  }
}

/**
 * @param {Prediction} prediction
 * @param {Digit | undefined} correction
 */
const isMisread = ({ digit }, correction) => correction !== undefined && correction !== digit;

/**
 * The visitor's memory learns from corrections at once, unless it is turned off.
 *
 * @param {Digit[]} digits
 * @param {boolean | undefined} isNew
 */
function thanks(digits, isNew) {
  if (!isNew || !page.remembers) return uiStrings.thanks;
  const isNotADigit = digits.length === 1 && digits[0] === null;
  return isNotADigit ? uiStrings.remembered_not_a_digit : uiStrings.remembered;
}

/**
 * Return the fields of a request that contain the drawing. If the canvas cannot be read, the server
 * draws the strokes.
 *
 * @param {Content} content
 */
export function toFields({ strokes, upload }) {
  if (upload) return { image: upload.url };
  const points = toPoints(strokes);
  if (isCanvasReadable) return { image: toImage(strokes), strokes: fits(points) ? points : null };
  return { strokes: thinOut(points) };
}

/**
 * Return the points of each stroke as [x, y, time, width], with times that start at 0.
 *
 * @param {Stroke[]} strokes
 */
function toPoints(strokes) {
  const start = strokes[0].points[0][2];
  return strokes.map(({ width, points }) =>
    points.map(([x, y, time, pressure]) => {
      const exactWidth = pressure === undefined ? width : pressureWidth(width, pressure);
      return [x, y, time - start, Math.round(10 * exactWidth) / 10];
    }),
  );
}

/** @param {number[][][]} points */
const fits = (points) =>
  points.length <= MAX_STROKES &&
  points.flat().length <= MAX_POINTS &&
  JSON.stringify(points).length <= MAX_STROKES_JSON_CHARS;

/**
 * Leave out every other point until the server accepts them.
 *
 * @param {number[][][]} points
 * @returns {number[][][]}
 */
function thinOut(points) {
  if (fits(points)) return points;
  if (points.length > MAX_STROKES) return thinOut(points.slice(0, MAX_STROKES));
  return thinOut(points.map((stroke) => stroke.filter((_, i) => i % 2 === 0)));
}

// ---- In this tab ----
/**
 * Keep the drawing for a reload or a change of language.
 *
 * @param {Drawing} drawing
 */
export function keepInTab(drawing) {
  const { content, finished, processed, submissions, corrections, savedCorrections } = drawing;
  const kept = {
    user: page.user,
    ownerToken: page.ownerToken,
    strokes: content.strokes,
    url: content.upload?.url,
    isStored: content === finished && content === processed,
    ids: submissions.map(({ id }) => id),
    earlierIds: drawing.earlierIds,
    // JSON has no undefined.
    corrections: Object.entries(corrections).filter(([, digit]) => digit !== undefined),
    savedCorrections: Object.entries(savedCorrections).filter(([, digit]) => digit !== undefined),
  };
  ofTab.set(DRAWING_KEY, isBlank(content) ? null : JSON.stringify(kept));
}

/**
 * Return what this tab has kept of a drawing, or null. After a logout, forget the user's drawing.
 *
 * @returns {Promise<Partial<Drawing> | null>}
 */
export async function recallFromTab() {
  const kept = JSON.parse(ofTab.get(DRAWING_KEY) ?? "null");
  if (!kept || (kept.user && kept.user !== page.user)) return null;
  // The closing page may still be storing a new visitor's first drawing, with its own token.
  if (page.ownerToken && kept.ownerToken) page.ownerToken = kept.ownerToken;
  /** @type {{strokes: Stroke[], url?: string}} */
  const { strokes, url } = kept;
  const content = { strokes, upload: url ? await loadUpload(url) : null };
  return {
    content,
    past: url ? [BLANK] : strokes.map((_, i) => ({ strokes: strokes.slice(0, i), upload: null })),
    finished: content,
    processed: kept.isStored ? content : BLANK,
    submissions: kept.ids.map((/** @type {string} */ id) => ({ id })),
    earlierIds: kept.earlierIds ?? [],
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
    return { url, bitmap: paintPlaceholder(uiStrings.no_preview), isPart: true };
  }
}
