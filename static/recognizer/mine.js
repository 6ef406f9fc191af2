// The visitor's own drawings: replay one as it was drawn, delete one or all.

import { paint, SIDE } from "./paper.js";

const PAUSE = 250; // ms; a longer rest of the pen is not waited for

const page = document.getElementById("mine").dataset;
const sure = document.getElementById("sure");
const TOLD = "told";
let doomed = ""; // the id of what is to be deleted; empty for all

async function ask(method, url) {
  const headers = { "X-CSRFToken": page.csrf };
  const response = await fetch(url, { method, headers }).catch(() => null);
  const done = response?.ok || (method === "DELETE" && response?.status === 404);
  const trouble = document.getElementById("trouble");
  trouble.textContent = done ? "" : trouble.dataset.text;
  return done ? response : null;
}

// ---- Delete ----
function askFirst({ currentTarget }) {
  doomed = currentTarget.value;
  const question = document.getElementById("question");
  question.textContent = doomed ? question.dataset.one : question.dataset.all;
  sure.returnValue = "keep";
  sure.showModal();
}

async function remove() {
  if (sure.returnValue !== "delete") return;
  const url = doomed ? `${page.submissions}${doomed}/` : page.submissions;
  const response = await ask("DELETE", url);
  if (!response) return;
  if (response.status === 200) sessionStorage.setItem(TOLD, (await response.json()).detail);
  location.reload(); // a page of others moves up
}

// What the site said of it, after the reload.
function tell() {
  document.getElementById("told").textContent = sessionStorage.getItem(TOLD);
  sessionStorage.removeItem(TOLD);
}

// ---- Replay ----
async function replay({ currentTarget: button }) {
  if (button.disabled) return;
  button.disabled = true;
  const response = await ask("GET", `${page.submissions}${button.value}/`);
  if (response) await play(button.parentElement, (await response.json()).strokes);
  button.disabled = false;
  button.focus();
}

// Plays on a canvas laid over the picture, in the picture's own units.
async function play(frame, strokes) {
  const image = frame.querySelector("img");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 2 * SIDE;
  frame.append(canvas);
  const steps = stepsOf(strokes);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const [started, end] = [performance.now(), steps.at(-1).at];
  for (let passed = 0; passed < end; passed = performance.now() - started) {
    await new Promise(still ? (go) => setTimeout(go, PAUSE) : requestAnimationFrame);
    show(canvas, steps, passed, image.naturalWidth);
  }
  show(canvas, steps, end, image.naturalWidth);
  await new Promise((go) => setTimeout(go, 2 * PAUSE));
  canvas.remove();
}

// Every point with the moment at which it is shown.
function stepsOf(strokes) {
  let at = 0;
  let before = strokes[0][0][2];
  return strokes.flatMap((stroke, number) =>
    stroke.map(([x, y, time]) => {
      at += Math.min(Math.max(time - before, 0), PAUSE);
      before = time;
      return { x, y, at, number };
    }),
  );
}

function show(canvas, steps, passed, side) {
  const shown = steps.filter(({ at }) => at <= passed);
  const numbers = [...new Set(shown.map(({ number }) => number))];
  const points = (stroke) => shown.filter(({ number }) => number === stroke);
  const strokes = numbers.map((number) => ({
    width: 18,
    points: points(number).map(({ x, y }) => [(x * SIDE) / side, (y * SIDE) / side]),
  }));
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  paint(context, strokes);
}

const onEach = (selector, listener) => {
  for (const button of document.querySelectorAll(selector)) {
    button.addEventListener("click", listener);
  }
};
onEach("#mine button.delete", askFirst);
onEach("button.replay", replay);
sure.addEventListener("close", remove);
tell();
