// The draw page: connect the input (input.js), the state (store.js) and the rendering (view.js).

import { keyName, pressedShortcut, rememberShortcutSetting } from "../shortcuts.js";
import { renewFormTokens, warnWithoutCookies } from "../storage.js";
import { crossedBox } from "./canvas.js";
import { KeyboardInput, PointerInput } from "./input.js";
import { $, uiStrings } from "./page.js";
import { isBlank } from "./saving.js";
import * as store from "./store.js";
import { cropPart, listenForImages } from "./upload.js";
import { announce, render, repaint, resizeCanvas } from "./view.js";

const MAX_SAVE_MS = 1000; // A link waits this long for the drawing to be saved.

// ---- Drawing input ----
const pen = {
  width: () => Number($("pen-widths").querySelector(":checked").value),
  beginStroke: store.beginStroke,
  continueStroke(stroke) {
    repaint(stroke);
    if (!store.mayCut()) store.predictStroke(stroke);
  },
  endStroke(stroke) {
    if (store.mayCut()) cutOut(stroke);
    else store.addStroke(stroke);
  },
  discardStroke: repaint,
  penToggled: (isUp) => announce(isUp ? uiStrings.pen_up : uiStrings.pen_down),
};
new PointerInput($("canvas"), pen);
const keyboardInput = new KeyboardInput($("canvas"), $("cursor"), pen);

function cutOut(stroke) {
  const { upload } = store.state.drawing.content;
  const part = cropPart(upload, crossedBox(upload, stroke));
  if (part) store.choosePart(part);
  else repaint();
}

const refuseFile = () => store.refuseFile(uiStrings.not_an_image);
listenForImages(document.querySelectorAll("[type=file]"), store.addUpload, refuseFile);

// ---- Buttons ----
// Undo and clear end the stroke that the keyboard is drawing, so that they include it.
function undo() {
  keyboardInput.finishStroke();
  store.undo();
}

function clear() {
  keyboardInput.finishStroke();
  if (isBlank(store.state.drawing.content)) return;
  store.clear();
  announce(uiStrings.cleared);
}

function startNext() {
  store.startNext();
  $("canvas").focus();
}

function onCorrectionClick({ target }) {
  if (target.id === "confirm") store.confirm();
  else if (target.id === "next") startNext();
  else if (target.matches("button")) store.correct(JSON.parse(target.value));
}

const openHelp = () => $("help").showModal();

$("undo").addEventListener("click", undo);
$("redo").addEventListener("click", store.redo);
$("clear").addEventListener("click", clear);
$("correction").addEventListener("click", onCorrectionClick);
$("explain").addEventListener("click", () => store.requestExplanation(!store.state.explanationWanted));
$("open-help").addEventListener("click", openHelp);

// ---- Keyboard shortcuts ----
/** @type {Record<string, () => void>} */
const shortcuts = { z: undo, y: store.redo, escape: clear, "?": openHelp };

// Ctrl+Z, Ctrl+Y and Ctrl+Shift+Z work even if the visitor has turned off the shortcuts that have no
// modifier key.
function onKeyDown(event) {
  if ($("help").open) return;
  const isControl = (event.ctrlKey || event.metaKey) && !event.altKey && !event.repeat;
  const key = isControl ? keyName(event) : pressedShortcut(event);
  if (isControl && !/^[zy]$/.test(key)) return;
  if (press(event.shiftKey && key === "z" ? "y" : key, event.target)) event.preventDefault();
}

/**
 * Return whether the key is a shortcut.
 *
 * @param {string} key
 * @param {Element} target
 */
function press(key, target) {
  if (key in shortcuts) shortcuts[key]();
  else if (!store.state.drawing.predictions) return false;
  else if (/^[0-9]$/.test(key)) correct(Number(key));
  else if (key === "n") correct(null);
  else if (key === "enter" && !target.closest("button, a, input, label, summary")) confirmOthers();
  else return false;
  return true;
}

// A correction is for the whole drawing, so it ends the stroke that the keyboard is drawing.
function correct(digit) {
  keyboardInput.finishStroke();
  store.correct(digit);
}

// Enter often follows a correction out of habit, and must not undo it.
function confirmOthers() {
  keyboardInput.finishStroke();
  store.confirmOthers();
}

rememberShortcutSetting();
document.addEventListener("keydown", onKeyDown);

// ---- Window ----
/**
 * Follow a link to another page of this site after the drawing is saved, so that *My drawings*
 * already shows it.
 *
 * @param {MouseEvent} event
 */
async function saveBeforeLeaving(event) {
  const link = /** @type {Element} */ (event.target).closest("a");
  const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (!link || !isPlain || link.target || link.origin !== location.origin || store.isDrawingSaved()) return;
  event.preventDefault();
  await Promise.race([store.save(), new Promise((resolve) => setTimeout(resolve, MAX_SAVE_MS))]);
  location.href = link.href;
}

document.addEventListener("visibilitychange", () => document.hidden && store.finish());
document.addEventListener("click", saveBeforeLeaving);
window.addEventListener("online", store.retry);
window.addEventListener("resize", resizeCanvas); // Zooming the page fires it, too.
new ResizeObserver(resizeCanvas).observe($("canvas"));

store.onChange(() => {
  render();
  store.keep();
});
resizeCanvas();
render();
renewFormTokens();
warnWithoutCookies();
store.restore();
