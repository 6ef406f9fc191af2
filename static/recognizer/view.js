// Render the state of the draw page, for sighted visitors and for screen readers.

import { paintCanvas, paintSelection } from "./canvas.js";
import { $, fill, formatPercent, labelPhrase, numberPhrase, page, uiStrings } from "./page.js";
import { isBlank, isCorrected } from "./saving.js";
import * as store from "./store.js";
import { cropNumber } from "./upload.js";

const ANNOUNCE_AFTER_MS = 900; // Announce a sentence only if it has not changed for this long.
const SURE_CONFIDENCE = 0.9;
const UNSURE_CONFIDENCE = 0.6;
const MIN_SECOND_PROBABILITY = 0.15; // Do not name a less likely second digit.
const MIN_CONFIDENCE_DROP = 0.02; // A part with a smaller effect does not matter.
const MIN_SECOND_DROP = 0.6; // fraction of the largest drop; do not name a part with a smaller one
const MODEL_INPUT_SIDE = 28; // pixels
const REGIONS_PER_SIDE = 3; // the explanation names one of 3 × 3 regions
const INK_COLOR = "#1b2540";

const canvas = $("canvas");
const context = canvas.getContext("2d");
let announceTimer;
let announced = ""; // the sentence that screen readers were told last
let shownRows;

// ---- Canvas ----
export function resizeCanvas() {
  canvas.width = canvas.height = Math.round(canvas.clientWidth * window.devicePixelRatio);
  repaint();
}

export function repaint(currentStroke) {
  const { content, predictions, selected } = store.state.drawing;
  const strokes = currentStroke ? [...content.strokes, currentStroke] : content.strokes;
  context.strokeStyle = INK_COLOR;
  if (currentStroke && store.mayCut()) return paintSelection(context, content, currentStroke);
  const boxes = currentStroke ? [] : (predictions ?? []).map(({ box }) => box).filter(Boolean);
  paintCanvas(context, { ...content, strokes }, boxes, selected);
}

// ---- Sentences ----
function describe(predictions) {
  if (predictions.length > 1) return describeNumber(predictions);
  const [{ digit, confidence, probabilities }] = predictions;
  const values = { name: labelPhrase(digit), percent: formatPercent(confidence) };
  if (digit === null) return fill(uiStrings.not_a_digit, values);
  if (confidence >= SURE_CONFIDENCE) return fill(uiStrings.sure, values);
  const others = probabilities.map((probability, other) => (other === digit ? 0 : probability));
  const second = others.indexOf(Math.max(...others));
  const isLikely = others[second] > MIN_SECOND_PROBABILITY;
  values.other = labelPhrase(isLikely ? second : null);
  if (confidence < UNSURE_CONFIDENCE) return fill(uiStrings.unsure, values);
  return fill(isLikely ? uiStrings.likely_or : uiStrings.likely, values);
}

function describeNumber(predictions) {
  const confidence = predictions.reduce((product, each) => product * each.confidence, 1);
  return describeBriefly(predictions.map(({ digit }) => digit), confidence);
}

function describeBriefly(digits, confidence) {
  const values = { name: numberPhrase(digits), percent: formatPercent(confidence) };
  if (digits.length === 1 && digits[0] === null) return fill(uiStrings.not_a_digit, values);
  if (confidence >= SURE_CONFIDENCE) return fill(uiStrings.sure, values);
  if (confidence >= UNSURE_CONFIDENCE) return fill(uiStrings.likely, values);
  return fill(uiStrings.unsure, { ...values, other: labelPhrase(null) });
}

// Return "" if the visitor has not answered, or agrees with the predictions.
function describeAnswer(predictions) {
  const predicted = predictions.map(({ digit }) => digit);
  const answer = shownDigits(predictions);
  if (predicted.join() === answer.join()) return "";
  const values = { name: numberPhrase(answer), predicted: numberPhrase(predicted) };
  return fill(uiStrings.corrected, values);
}

// Return the visitor's answers, and the predictions of the other digits.
function shownDigits(predictions) {
  const { corrections } = store.state.drawing;
  return predictions.map(({ digit }, i) => (corrections[i] === undefined ? digit : corrections[i]));
}

// Change an element only when its text differs. Otherwise screen readers would repeat the text.
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function announce(text, afterMs = 0) {
  announced = "";
  clearTimeout(announceTimer);
  announceTimer = setTimeout(() => setText($("announcement"), text), afterMs);
}

// ---- The whole page ----
export function render() {
  const { content, predictions, selected } = store.state.drawing;
  renderSentence();
  renderRows();
  setText($("notice"), noticeFor(store.state.drawing));
  renderDigits(predictions, selected);
  renderCorrections();
  $("undo").disabled = !store.canUndo();
  $("redo").disabled = !store.canRedo();
  $("clear").disabled = isBlank(content);
  const prediction = predictions?.[selected];
  renderProbabilities(prediction);
  renderModelInput(prediction);
  renderPersonal(prediction);
  repaint();
}

function noticeFor({ predictions, notice, correctionRefusal }) {
  if (correctionRefusal) return correctionRefusal;
  if (store.state.connectionError) return ""; // The notice says what was saved before.
  if (store.mayCut()) return uiStrings.cut_out;
  return notice || (predictions?.length > 1 ? uiStrings.choose_digit : "");
}

function renderSentence() {
  const { content, predictions, rows, selected, refusal } = store.state.drawing;
  const several = rows.length && fill(uiStrings.several_rows, { count: rows.length });
  const waiting = several || (isBlank(content) ? uiStrings.empty : uiStrings.predicting);
  const error = store.state.connectionError || refusal;
  const answer = predictions && describeAnswer(predictions);
  const text = error || answer || (predictions ? describe(predictions) : waiting);
  const taught = !error && predictions ? taughtSentence(predictions[selected]) : "";
  const isReady = predictions || rows.length || isBlank(content);
  page.state = error ? "error" : isReady ? "ready" : "waiting";
  $("prediction").setAttribute("aria-busy", store.isPredicting());
  // "Pen up" may have interrupted the announcement of the same prediction.
  const isNew = text !== $("sentence").textContent || (predictions && text !== announced);
  // The notice tells screen readers about an answer.
  if (isNew && !answer && text !== uiStrings.predicting) {
    announce(`${text} ${taught}`.trim(), ANNOUNCE_AFTER_MS);
    announced = text;
  }
  setText($("sentence"), text);
}

// Show a button for each number of a picture with several rows.
function renderRows() {
  const { rows, content } = store.state.drawing;
  $("rows").hidden = !rows.length;
  $("digit").hidden = Boolean(rows.length);
  if (shownRows === rows) return;
  shownRows = rows;
  $("rows").replaceChildren(
    ...rows.map((row) => {
      const item = document.createElement("li");
      item.append(...row.map((number) => numberButton(number, content.upload)));
      return item;
    }),
  );
}

function numberButton({ number, box }, upload) {
  const button = document.createElement("button");
  button.textContent = number;
  button.addEventListener("click", () => {
    store.choosePart(cropNumber(upload, box));
    canvas.focus();
  });
  return button;
}

// Show one large digit, or a button for each digit of a multi-digit number.
function renderDigits(predictions, selected) {
  const tiles = $("digit");
  const digits = shownDigits(predictions ?? []);
  const count = digits.length;
  if (tiles.children.length !== count) {
    const newTiles = Array.from({ length: count }, (_, i) => newTile(i, count > 1));
    tiles.replaceChildren(...newTiles);
  }
  [...tiles.children].forEach((tile, i) => {
    if (count === 1) renderSingleDigit(tile, digits[i]);
    else renderDigitButton(tile, digits[i], i + 1, i === selected);
  });
}

function newTile(index, isButton) {
  const tile = document.createElement(isButton ? "button" : "span");
  if (isButton) tile.addEventListener("click", () => store.select(index));
  return tile;
}

// Hide the digit from screen readers, because the sentence names it.
function renderSingleDigit(tile, digit) {
  setText(tile, String(digit ?? labelPhrase(null)));
  tile.classList.toggle("text", digit === null);
  tile.setAttribute("aria-hidden", true);
}

function renderDigitButton(button, digit, place, isSelected) {
  setText(button, String(digit ?? "?"));
  const values = { place, name: labelPhrase(digit) };
  button.setAttribute("aria-label", fill(uiStrings.digit_at, values));
  button.setAttribute("aria-pressed", isSelected);
}

function renderCorrections() {
  const { predictions, corrections, selected } = store.state.drawing;
  const digits = predictions?.map(({ digit }) => digit);
  const isConfirmed = Boolean(digits?.every((digit, i) => digit === corrections[i]));
  const name = digits && numberPhrase(digits);
  setText($("confirm"), digits ? fill(uiStrings.yes_it_is, { name }) : uiStrings.yes);
  $("confirm").setAttribute("aria-pressed", isConfirmed);
  const isAnswered = isCorrected(store.state.drawing);
  $("confirm").classList.toggle("primary", !isAnswered);
  $("next").hidden = !isAnswered;
  $("correction").disabled = !digits;
  const correction = corrections[selected];
  for (const button of $("correction").querySelectorAll("[value]")) {
    const isChosen = correction !== undefined && button.value === String(correction);
    button.setAttribute("aria-pressed", isChosen);
  }
}

function renderProbabilities(prediction) {
  [...$("probabilities").rows].forEach((row, digit) => {
    const probability = prediction?.probabilities[digit];
    row.classList.toggle("predicted", prediction?.digit === digit);
    row.querySelector("meter").value = probability ?? 0;
    setText(row.cells[2], prediction ? formatPercent(probability) : "–");
  });
}

function renderModelInput(prediction) {
  const image = $("model-input");
  image.hidden = !prediction;
  if (prediction && image.src !== prediction.model_input) image.src = prediction.model_input;
  $("explain").disabled = !prediction;
  $("explain").setAttribute("aria-pressed", store.state.explanationWanted);
  // The parts of the drawing explain what the network alone predicts.
  const drops = store.state.explanationWanted && !isTaught(prediction) && prediction?.explanation;
  $("heatmap").hidden = !drops;
  if (drops) paintHeatmap(drops);
  setText($("explanation"), drops ? describeExplanation(drops) : "");
}

// ---- The visitor's own drawings, which adjust the predictions ----
const isTaught = (prediction) =>
  Boolean(prediction?.personal) && prediction.personal.network_digit !== prediction.digit;

function taughtSentence(prediction) {
  if (!isTaught(prediction)) return "";
  const { digit } = prediction;
  const template = digit === null ? uiStrings.taught_not_a_digit : uiStrings.taught;
  return fill(template, { name: labelPhrase(digit) });
}

function renderPersonal(prediction) {
  const taught = taughtSentence(prediction);
  $("personal").hidden = !taught;
  if (taught) {
    const { network_digit: digit, network_confidence: confidence } = prediction.personal;
    setText($("network-alone"), describeBriefly([digit], confidence));
  }
  renderNeighbours($("taught"), taught, taught ? prediction : null);
  const explained = store.state.explanationWanted && prediction?.personal ? prediction : null;
  renderNeighbours($("alike"), explained ? taught || uiStrings.alike : "", explained);
}

// Show a sentence and, in the next element, the drawings that it is about.
function renderNeighbours(sentence, text, prediction) {
  const itself = store.state.drawing.submissions[store.state.drawing.selected]?.id;
  const ids = (prediction?.personal?.neighbours ?? []).filter((id) => id !== itself);
  const frame = sentence.nextElementSibling;
  setText(sentence, text);
  // An image that could not be loaded is removed: its drawing was deleted.
  if (frame.dataset.ids !== ids.join()) frame.replaceChildren(...ids.map(neighbourImage));
  frame.dataset.ids = ids.join();
}

function neighbourImage(id) {
  const image = new Image();
  image.alt = uiStrings.own_drawing;
  image.addEventListener("error", () => image.remove());
  image.src = `${page.submissions}${id}/image/`;
  return image;
}

// ---- Explanation ----
// `drops` has 28 × 28 values: how much the confidence drops when the area around a pixel is covered.
function paintHeatmap(drops) {
  const heatmap = $("heatmap").getContext("2d");
  const image = heatmap.createImageData(MODEL_INPUT_SIDE, MODEL_INPUT_SIDE);
  const largest = Math.max(MIN_CONFIDENCE_DROP, ...drops.flat());
  drops.flat().forEach((drop, i) => {
    const share = Math.max(0, drop / largest);
    image.data.set([255, 170 - 110 * share, 30, 235 * share ** 0.7], 4 * i);
  });
  heatmap.putImageData(image, 0, 0);
}

function describeExplanation(drops) {
  const regionDrops = largestDropByRegion(drops);
  const byDrop = (a, b) => regionDrops[b] - regionDrops[a];
  const [first, second] = regionDrops.map((_, region) => region).sort(byDrop);
  if (regionDrops[first] < MIN_CONFIDENCE_DROP) return uiStrings.explain_none;
  const isPair = regionDrops[second] > MIN_SECOND_DROP * regionDrops[first];
  const [place, other] = [uiStrings.regions[first], uiStrings.regions[second]];
  return fill(isPair ? uiStrings.explain_two : uiStrings.explain_one, { place, other });
}

function largestDropByRegion(drops) {
  const regionDrops = Array(REGIONS_PER_SIDE ** 2).fill(0);
  const regionIndex = (pixel) => Math.floor((REGIONS_PER_SIDE * pixel) / MODEL_INPUT_SIDE);
  drops.forEach((row, y) =>
    row.forEach((drop, x) => {
      const region = REGIONS_PER_SIDE * regionIndex(y) + regionIndex(x);
      regionDrops[region] = Math.max(regionDrops[region], drop);
    }),
  );
  return regionDrops;
}
