// What the page shows of the drawing, for eyes and for screen readers.

import * as state from "./drawing.js";
import { paintSheet } from "./paper.js";
import { $, fill, page, words } from "./site.js";

const QUIET = 900; // ms that an answer must stand before it is said to a screen reader
const CLOSE = 0.15; // a second digit that is so likely is named
const HANGS = 0.02; // less is no reason
const ALSO = 0.6; // of the strongest reason: a second one that is named too

const canvas = $("canvas");
const pen = canvas.getContext("2d");
let speaking;

// ---- The paper ----
export function fit() {
  canvas.width = canvas.height = Math.round(canvas.clientWidth * window.devicePixelRatio);
  repaint();
}

export function repaint(stroke) {
  const { content, digits, chosen } = state.drawing;
  const strokes = stroke ? [...content.strokes, stroke] : content.strokes;
  pen.strokeStyle = "#1b2540";
  const boxes = stroke ? [] : (digits ?? []).map(({ box }) => box).filter(Boolean);
  paintSheet(pen, { ...content, strokes }, boxes, chosen);
}

// ---- Words ----
function percent(share) {
  return `${Math.min(99, Math.round(share * 100))}\u00a0%`; // nobody is 100 % sure
}

function sentence(digits) {
  if (digits.length > 1) return sentenceOfNumber(digits);
  const [{ digit, confidence, probabilities }] = digits;
  const values = { name: state.named(digit), percent: percent(confidence) };
  if (digit === null) return fill(words.not_a_digit, values);
  if (confidence >= 0.9) return fill(words.sure, values);
  const others = probabilities.map((share, other) => (other === digit ? 0 : share));
  const second = others.indexOf(Math.max(...others));
  const close = others[second] > CLOSE;
  values.other = close ? state.named(second) : words.no_digit;
  if (confidence < 0.6) return fill(words.perhaps, values);
  return fill(close ? words.likely_or : words.likely, values);
}

function sentenceOfNumber(digits) {
  const confidence = digits.reduce((product, { confidence: each }) => product * each, 1);
  const name = state.written(digits.map(({ digit }) => digit));
  const values = { name, percent: percent(confidence) };
  return fill(confidence >= 0.9 ? words.sure : words.likely, values);
}

// Only what is new, so that nothing flickers and screen readers say nothing twice.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function speak(text, after = 0) {
  clearTimeout(speaking);
  speaking = setTimeout(() => write($("spoken"), text), after);
}

// ---- All of it ----
export function render() {
  const { content, digits, answers, chosen, refusal, notice } = state.drawing;
  const waiting = state.isBlank(content) ? words.empty : words.reading;
  const trouble = state.lost || refusal;
  const text = trouble || (digits ? sentence(digits) : waiting);
  page.state = trouble ? "trouble" : digits || state.isBlank(content) ? "ready" : "waiting";
  $("verdict").setAttribute("aria-busy", state.isLooking());
  if (text !== $("sentence").textContent && text !== words.reading) speak(text, QUIET);
  write($("sentence"), text);
  write($("notice"), notice || (digits?.length > 1 ? words.one_by_one : ""));
  renderTiles(digits, chosen);
  renderAnswers(digits, answers, chosen);
  $("undo").disabled = !state.canUndo();
  $("redo").disabled = !state.canRedo();
  $("clear").disabled = state.isBlank(content);
  const digit = digits?.[chosen];
  renderBars(digit);
  renderSeen(digit);
  repaint();
}

// One digit large, or each digit of a number as a button that chooses it.
function renderTiles(digits, chosen) {
  const tiles = $("digit");
  const count = digits?.length ?? 0;
  if (tiles.children.length !== count) {
    tiles.replaceChildren(
      ...Array.from({ length: count }, (_, i) => {
        const tile = document.createElement(count > 1 ? "button" : "span");
        tile.addEventListener("click", () => count > 1 && state.choose(i));
        return tile;
      }),
    );
  }
  [...tiles.children].forEach((tile, i) => {
    const { digit } = digits[i];
    const alone = count === 1;
    write(tile, String(digit ?? (alone ? state.named(null) : "?")));
    tile.classList.toggle("words", alone && digit === null);
    if (alone) return tile.setAttribute("aria-hidden", true);
    const values = { place: i + 1, name: state.named(digit) };
    tile.setAttribute("aria-label", fill(words.digit_of_number, values));
    tile.setAttribute("aria-pressed", i === chosen);
  });
}

function renderAnswers(digits, answers, chosen) {
  const read = digits?.map(({ digit }) => digit);
  const agreed = read?.every((digit, i) => digit === answers[i]);
  write($("yes"), read ? fill(words.yes_it_is, { name: state.written(read) }) : words.yes);
  $("yes").setAttribute("aria-pressed", Boolean(agreed));
  $("answers").disabled = !digits;
  for (const button of $("answers").querySelectorAll("[value]")) {
    const said = answers[chosen] !== undefined && button.value === String(answers[chosen]);
    button.setAttribute("aria-pressed", said);
  }
}

function renderBars(reading) {
  [...$("bars").rows].forEach((row, digit) => {
    const share = reading?.probabilities[digit];
    row.classList.toggle("best", reading?.digit === digit);
    row.querySelector("meter").value = share ?? 0;
    write(row.cells[2], reading ? percent(share) : "–");
  });
}

function renderSeen(reading) {
  $("seen").hidden = !reading;
  if (reading && $("seen").src !== reading.seen) $("seen").src = reading.seen;
  $("why").disabled = !reading;
  $("why").setAttribute("aria-pressed", state.wantsWhy);
  const heat = state.wantsWhy && reading?.why;
  $("heat").hidden = !heat;
  if (heat) paintHeat(heat);
  write($("reason"), heat ? reason(heat) : "");
}

// ---- Why ----
function paintHeat(heat) {
  const context = $("heat").getContext("2d");
  const field = context.createImageData(28, 28);
  const strongest = Math.max(HANGS, ...heat.flat());
  heat.flat().forEach((fall, i) => {
    const share = Math.max(0, fall / strongest);
    field.data.set([255, 170 - 110 * share, 30, 235 * share ** 0.7], 4 * i);
  });
  context.putImageData(field, 0, 0);
}

function reason(heat) {
  const falls = Array(9).fill(0); // the most in each of nine places
  heat.forEach((row, y) =>
    row.forEach((fall, x) => {
      const place = 3 * Math.floor((3 * y) / 28) + Math.floor((3 * x) / 28);
      falls[place] = Math.max(falls[place], fall);
    }),
  );
  const [first, second] = falls.map((_, i) => i).sort((a, b) => falls[b] - falls[a]);
  if (falls[first] < HANGS) return words.why_none;
  const both = falls[second] > ALSO * falls[first];
  const [place, other] = [words.places[first], words.places[second]];
  return fill(both ? words.why_two : words.why_one, { place, other });
}
