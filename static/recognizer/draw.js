// The drawing page: draw digits, see what the network reads, say what they are.

import * as drawing from "./drawing.js";
import { useKeys, usePointers } from "./pens.js";
import { fit, render, repaint, speak } from "./show.js";
import { $, words } from "./site.js";
import { useUploads } from "./upload.js";

const KEYS_OFF = "keys-off"; // in the browser's memory: shortcuts are switched off

// ---- Pens ----
const hand = {
  width: () => Number(document.querySelector("#widths :checked").value),
  begin: drawing.begin,
  move(stroke) {
    repaint(stroke);
    drawing.lookAtStroke(stroke);
  },
  end: drawing.addStroke,
  lift: (isUp) => speak(isUp ? words.pen_up : words.pen_down),
};
usePointers($("canvas"), hand);
const keyPen = useKeys($("canvas"), $("cursor"), hand);

// ---- Pictures ----
const refuse = () => drawing.refuse(words.no_picture);
useUploads(document.querySelectorAll("[type=file]"), drawing.putUpload, refuse);

// ---- Buttons ----
function clear() {
  keyPen.drop();
  if (drawing.isBlank(drawing.drawing.content)) return;
  drawing.start();
  speak(words.cleared);
}

function answer({ target }) {
  if (target.id === "yes") drawing.sayYes();
  else if (target.matches("button")) drawing.say(JSON.parse(target.value));
}

$("undo").addEventListener("click", drawing.undo);
$("redo").addEventListener("click", drawing.redo);
$("clear").addEventListener("click", clear);
$("answers").addEventListener("click", answer);
$("why").addEventListener("click", () => drawing.askWhy(!drawing.wantsWhy));
$("keys").addEventListener("click", () => $("help").showModal());

// ---- Keys ----
const shortcuts = {
  z: drawing.undo,
  y: drawing.redo,
  Z: drawing.redo,
  Escape: clear,
  "?": () => $("help").showModal(),
};

function onKey(event) {
  const { key, target } = event;
  const modified = event.ctrlKey || event.metaKey;
  if (event.altKey || event.repeat || $("help").open) return;
  if (modified ? !/^[zy]$/i.test(key) : !$("use-keys").checked) return;
  if (key in shortcuts) shortcuts[key]();
  else if (!drawing.drawing.digits) return;
  else if (/^[0-9]$/.test(key)) drawing.say(Number(key));
  else if (/^n$/i.test(key)) drawing.say(null);
  else if (key === "Enter" && !target.closest("button, a, input, label")) drawing.sayYes();
  else return;
  event.preventDefault();
}

$("use-keys").checked = localStorage.getItem(KEYS_OFF) === null;
$("use-keys").addEventListener("change", ({ target }) => {
  if (target.checked) localStorage.removeItem(KEYS_OFF);
  else localStorage.setItem(KEYS_OFF, "yes");
});
document.addEventListener("keydown", onKey);

// ---- The window ----
document.addEventListener("visibilitychange", () => document.hidden && drawing.finish());
window.addEventListener("online", drawing.catchUp);
window.addEventListener("resize", fit); // also when the page is zoomed
new ResizeObserver(fit).observe($("canvas"));

drawing.whenChanged(render);
fit();
render();
