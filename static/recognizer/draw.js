// The draw page: connect the input (input.js), the state (store.js) and the rendering (view.js).

import { $, uiStrings } from "./api.js";
import { KeyboardInput, PointerInput } from "./input.js";
import * as store from "./store.js";
import { listenForImages } from "./upload.js";
import { announce, render, repaint, resizeCanvas } from "./view.js";

const SHORTCUTS_OFF_KEY = "shortcuts-off"; // in localStorage

// ---- Drawing input ----
const pen = {
  width: () => Number(document.querySelector("#pen-widths :checked").value),
  beginStroke: store.beginStroke,
  continueStroke(stroke) {
    repaint(stroke);
    store.predictStroke(stroke);
  },
  endStroke: store.addStroke,
  penToggled: (isUp) => announce(isUp ? uiStrings.pen_up : uiStrings.pen_down),
};
new PointerInput($("canvas"), pen);
const keyboardInput = new KeyboardInput($("canvas"), $("cursor"), pen);

const refuseFile = () => store.refuse(uiStrings.not_an_image);
listenForImages(document.querySelectorAll("[type=file]"), store.addUpload, refuseFile);

// ---- Buttons ----
function clear() {
  keyboardInput.discardStroke();
  if (store.isBlank(store.drawing.content)) return;
  store.startNew();
  announce(uiStrings.cleared);
}

function onCorrectionClick({ target }) {
  if (target.id === "confirm") store.confirm();
  else if (target.matches("button")) store.correct(JSON.parse(target.value));
}

const openHelp = () => $("help").showModal();

$("undo").addEventListener("click", store.undo);
$("redo").addEventListener("click", store.redo);
$("clear").addEventListener("click", clear);
$("correction").addEventListener("click", onCorrectionClick);
$("explain").addEventListener("click", () => store.requestExplanation(!store.explanationWanted));
$("open-help").addEventListener("click", openHelp);

// ---- Keyboard shortcuts ----
const shortcuts = { z: store.undo, y: store.redo, Z: store.redo, Escape: clear, "?": openHelp };

// Visitors who control the browser by voice can switch off the shortcuts that have no modifier key.
// Ctrl+Z and Ctrl+Y stay on.
function isShortcut({ key, ctrlKey, metaKey, altKey, repeat }) {
  if (altKey || repeat || $("help").open) return false;
  return ctrlKey || metaKey ? /^[zy]$/i.test(key) : $("shortcuts-enabled").checked;
}

function onKeyDown(event) {
  if (!isShortcut(event)) return;
  const { key, target } = event;
  if (key in shortcuts) shortcuts[key]();
  else if (!store.drawing.predictions) return;
  else if (/^[0-9]$/.test(key)) store.correct(Number(key));
  else if (/^n$/i.test(key)) store.correct(null);
  else if (key === "Enter" && !target.closest("button, a, input, label, summary")) store.confirm();
  else return;
  event.preventDefault();
}

$("shortcuts-enabled").checked = localStorage.getItem(SHORTCUTS_OFF_KEY) === null;
$("shortcuts-enabled").addEventListener("change", ({ target }) => {
  if (target.checked) localStorage.removeItem(SHORTCUTS_OFF_KEY);
  else localStorage.setItem(SHORTCUTS_OFF_KEY, "yes");
});
document.addEventListener("keydown", onKeyDown);

// ---- Window ----
document.addEventListener("visibilitychange", () => document.hidden && store.finish());
window.addEventListener("online", store.retry);
window.addEventListener("resize", resizeCanvas); // Zooming the page fires it, too.
new ResizeObserver(resizeCanvas).observe($("canvas"));

store.onChange(render);
resizeCanvas();
render();
