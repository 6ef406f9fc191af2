// The drawing: what is on the paper, what the network reads there, what the visitor says it is.
// The server gets to know all that is to be stored, whatever happens to the connection.

import { picture } from "./paper.js";
import { ask, fill, page, words } from "./site.js";

const REST = 2000; // ms without the pen: the drawing is finished
const LOOK_EVERY = 300; // ms between guesses during a stroke
const RETRY = 3000; // ms until the next try after a lost connection
const CALM = 0.6; // during a stroke, guesses that are less sure are not shown
const MAX_STROKES = 200; // the server takes no more
const MAX_STROKES_TEXT = 50_000; // a page that is being closed may send 64 KB in all

const EMPTY = { strokes: [], upload: null }; // what is on the paper; never changed, only replaced

export let drawing = blank();
export let lost = ""; // what to tell while the server cannot be reached
export let wantsWhy = false;

const unsaved = new Set(); // drawings of which the server does not know everything yet
let saving = false;
let asked = 0; // guesses are numbered, so that a late one is not shown
let answered = 0;
let looking, askedAt, restTimer, retryTimer;
let changed; // to be called when something is to be shown

export function whenChanged(show) {
  changed = show;
}

function blank() {
  return {
    content: EMPTY,
    past: [], // contents, for undo
    future: [], // ... and redo
    finished: EMPTY, // to be stored
    tried: EMPTY, // that the server has stored or refused
    digits: null, // what the network answers, from left to right
    chosen: 0, // the digit that details and corrections are about
    submissions: [], // what is stored, one for each digit
    answers: [], // the corrected digits; null is "not a digit", undefined nothing
    said: [], // those of them that the server knows
    refusal: "",
    notice: "",
  };
}

export const isBlank = ({ strokes, upload }) => !strokes.length && !upload;
export const isAnswered = ({ answers }) => answers.some((answer) => answer !== undefined);
export const isLooking = () => asked !== answered;

// ---- The connection ----
function tryLater(error) {
  const busy = error instanceof Response;
  lost = words[`${busy ? "busy" : "lost"}_${isAnswered(drawing) ? "answer" : "drawing"}`];
  clearTimeout(retryTimer);
  retryTimer = setTimeout(catchUp, (busy && error.headers.get("Retry-After") * 1000) || RETRY);
}

export function catchUp() {
  if (!isBlank(drawing.content)) look(drawing.content);
  save();
}

// ---- Guessing while the visitor draws; nothing is stored ----
async function look(content) {
  forgetGuess();
  looking = new AbortController();
  const number = ++asked;
  const isHalf = content !== drawing.content; // of a stroke, so nobody wants complaints or doubts
  askedAt = Date.now();
  try {
    const body = { image: picture(content), why: wantsWhy };
    const answer = await ask("POST", page.look, body, looking.signal);
    if (number !== asked) return;
    lost = "";
    const { ok, body: read } = answer;
    if (isHalf && !(ok && read.digits.every(({ confidence: c, digit: d }) => c > CALM && d !== null)))
      return;
    Object.assign(drawing, { digits: ok ? read.digits : null, refusal: ok ? "" : read.detail });
    drawing.chosen = Math.min(drawing.chosen, (drawing.digits?.length ?? 1) - 1);
  } catch (error) {
    if (number === asked) tryLater(error);
  } finally {
    answered = Math.max(answered, number);
    changed();
  }
}

function forgetGuess() {
  looking?.abort();
  answered = ++asked;
}

export function lookAtStroke(stroke) {
  if (lost || isLooking() || Date.now() - askedAt < LOOK_EVERY) return;
  look({ ...drawing.content, strokes: [...drawing.content.strokes, stroke] });
}

export function askWhy(wanted) {
  wantsWhy = wanted;
  if (wanted && drawing.digits) look(drawing.content);
  changed();
}

// ---- Storing ----
// Brings the server to what the visitor wants, one request after the other: whatever happens
// meanwhile, nothing is stored twice, and a new visitor does not get two sessions.
async function save() {
  if (saving) return; // the loops there see what is new
  saving = true;
  try {
    for (const about of unsaved) {
      while (about.tried !== about.finished || unsent(about) >= 0) {
        await (about.tried !== about.finished ? store(about) : correct(about));
        lost = "";
        changed();
      }
      unsaved.delete(about);
    }
  } catch (error) {
    tryLater(error);
  }
  saving = false;
  changed();
}

function unsent({ submissions, answers, said }) {
  return submissions.findIndex((_, i) => answers[i] !== undefined && answers[i] !== said[i]);
}

async function store(about) {
  const { finished: content, submissions: earlier } = about;
  const { ok, body } = isBlank(content)
    ? { ok: true, body: { submissions: [] } }
    : await ask("POST", page.store, packed(content));
  if (!ok) return Object.assign(about, { tried: content, refusal: body.detail, answers: [...about.said] });
  const { submissions } = body;
  const replaced = earlier.filter(({ id }) => submissions.every((other) => other.id !== id));
  for (const { id } of replaced) await ask("DELETE", `${page.submissions}${id}/`);
  Object.assign(about, { tried: content, submissions });
  if (about.answers.length > submissions.length) about.answers = []; // another version read it
  if (submissions.length && content === about.content) {
    const digits = submissions.map((submission, i) => ({ ...about.digits?.[i], ...submission }));
    Object.assign(about, { digits, refusal: "", notice: words.stored });
    if (about === drawing) forgetGuess();
  }
}

async function correct(about) {
  const { answers, said, submissions } = about;
  const which = unsent(about);
  const answer = answers[which];
  const url = `${page.submissions}${submissions[which].id}/correction/`;
  const { ok, body } = await ask("POST", url, { digit: answer });
  if (ok) {
    said[which] = answer;
    const all = submissions.every((_, i) => said[i] !== undefined);
    about.notice = fill(words.thanks, { name: all ? written(said) : named(answer) });
  } else {
    answers[which] = said[which];
    about.notice = body.detail;
  }
}

function packed({ strokes, upload }) {
  if (upload) return { image: upload.url, source: "upload" };
  const start = strokes[0].points[0][2];
  const timed = strokes.map(({ points }) => points.map(([x, y, time]) => [x, y, time - start]));
  const fits = strokes.length <= MAX_STROKES && JSON.stringify(timed).length <= MAX_STROKES_TEXT;
  return { image: picture({ strokes }), source: "canvas", strokes: fits ? timed : null };
}

// ---- What happens to it ----
// The pen touches the paper: nothing is finished yet, or another drawing begins.
export function begin() {
  clearTimeout(restTimer);
  askedAt = Date.now(); // no guess about a stroke that has only begun
  if (isAnswered(drawing) || drawing.content.upload) start();
}

export function addStroke(stroke) {
  const { content, past } = drawing;
  go({ ...content, strokes: [...content.strokes, stroke] }, [...past, content], []);
}

export function putUpload(upload) {
  if (!isBlank(drawing.content)) start();
  go({ strokes: [], upload }, [EMPTY], []);
}

export const canUndo = () => drawing.past.length > 0 && !isAnswered(drawing);
export const canRedo = () => drawing.future.length > 0 && !isAnswered(drawing);

export function undo() {
  const { content, past, future } = drawing;
  if (canUndo()) go(past.at(-1), past.slice(0, -1), [content, ...future]);
}

export function redo() {
  const { content, past, future } = drawing;
  if (canRedo()) go(future[0], [...past, content], future.slice(1));
}

function go(content, past, future) {
  Object.assign(drawing, { content, past, future, refusal: "", notice: "" });
  forgetGuess();
  if (isBlank(content)) drawing.digits = null;
  else look(content);
  clearTimeout(restTimer);
  restTimer = setTimeout(finish, REST);
  changed();
}

export function finish() {
  clearTimeout(restTimer);
  drawing.finished = drawing.content;
  unsaved.add(drawing);
  save();
}

// A new drawing. Unless the old one is stored or answered it is taken back, also while it is
// being stored.
export function start() {
  clearTimeout(restTimer);
  if (!drawing.submissions.length && !isAnswered(drawing)) drawing.finished = EMPTY;
  forgetGuess();
  lost = "";
  drawing = blank();
  changed();
}

export function choose(which) {
  drawing.chosen = which;
  changed();
}

export function refuse(reason) {
  drawing.refusal = reason;
  changed();
}

// What the visitor says that the chosen digit is; null is "not a digit".
export function say(answer) {
  drawing.answers[drawing.chosen] = answer;
  finish();
}

export function sayYes() {
  drawing.answers = drawing.digits.map(({ digit }) => digit);
  finish();
}

// ---- In words ----
export const named = (digit) => words.names[digit ?? 10];

// A number as it is written, one digit as in a sentence.
export function written(answers) {
  return answers.length === 1 ? named(answers[0]) : answers.map((digit) => digit ?? "?").join("");
}
