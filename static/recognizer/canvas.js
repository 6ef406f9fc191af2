// Paint strokes and uploaded images on the screen, and prepare them for a request.

/** @import { Content, Stroke } from "./types" */

export const SIDE = 280; // coordinates run from 0 to SIDE; the image sent has SIDE × SIDE pixels

const UNDERLINE_WIDTH = 3; // of the line under each digit of a multi-digit number, same units
const MAX_STROKES = 200; // The server accepts no more.
const MAX_POINTS = 2000; // of all strokes
const MAX_TIME_MS = 24 * 60 * 60 * 1000; // of a point
const MAX_STROKES_JSON_CHARS = 50_000; // A closing page can send at most 64 KB.

// Some browsers add noise to what a page reads from a canvas, so that sites cannot recognize them by
// it: Tor Browser, LibreWolf, and Firefox with `privacy.resistFingerprinting`.
export const isCanvasReadable = checkReadback();

function checkReadback() {
  const side = 16;
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const painted = context.createImageData(side, side);
  painted.data.forEach((_, i) => (painted.data[i] = i % 4 === 3 ? 255 : (i * 89) % 256));
  context.putImageData(painted, 0, 0);
  const { data } = context.getImageData(0, 0, side, side);
  return data.every((value, i) => value === painted.data[i]);
}

// Return the width of the line at a point with this pressure, 0 to 1.
const pressureWidth = (width, pressure) => width * (0.5 + pressure);

// A stroke is {width, points}. A point is [x, y, time]. A stylus adds its pressure, 0 to 1.
export function paintStrokes(context, strokes) {
  const scale = context.canvas.width / SIDE;
  context.save();
  context.setTransform(scale, 0, 0, scale, 0, 0);
  Object.assign(context, { lineCap: "round", lineJoin: "round" });
  for (const stroke of strokes) {
    if (stroke.points[0].length > 3) paintPressureStroke(context, stroke);
    else paintPlainStroke(context, stroke);
  }
  context.restore();
}

function paintPlainStroke(context, { width, points }) {
  const [[x, y]] = points;
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(x, y);
  if (points.length === 1) context.lineTo(x + 0.01, y); // A line of length 0 would be invisible.
  points.forEach(([x1, y1], i) => {
    const [x2, y2] = points[i + 1] ?? points[i];
    context.quadraticCurveTo(x1, y1, (x1 + x2) / 2, (y1 + y2) / 2);
  });
  context.stroke();
}

// Paint each segment separately, because its width follows the pressure of the pen.
function paintPressureStroke(context, { width, points }) {
  let [from] = points;
  points.forEach(([x1, y1, , pressure], i) => {
    const [x2, y2] = points[i + 1] ?? points[i];
    const to = [(x1 + x2) / 2, (y1 + y2) / 2];
    context.lineWidth = pressureWidth(width, pressure);
    context.beginPath();
    context.moveTo(from[0], from[1]);
    context.quadraticCurveTo(x1, y1, to[0] + 0.01, to[1]);
    context.stroke();
    from = to;
  });
}

// Paint the whole canvas: the uploaded image, the strokes, and a line under each digit.
export function paintCanvas(context, { strokes, upload }, boxes, selected) {
  const { width, height } = context.canvas;
  context.clearRect(0, 0, width, height);
  const area = uploadArea(upload, width);
  if (upload) context.drawImage(upload.bitmap, ...area);
  paintStrokes(context, strokes);
  if (boxes.length > 1) paintUnderlines(context, boxes, selected, area);
}

// Each box is [x, y, width, height] as fractions of the image, which fills `area` of the canvas.
function paintUnderlines(context, boxes, selected, [left, top, areaWidth, areaHeight]) {
  const { width, height } = context.canvas;
  context.lineWidth = (UNDERLINE_WIDTH * width) / SIDE;
  boxes.forEach(([x, y, boxWidth, boxHeight], i) => {
    const bottom = top + (y + boxHeight) * areaHeight;
    const lineY = Math.min(bottom + 8 * context.lineWidth, height - 8);
    context.globalAlpha = i === selected ? 0.9 : 0.3;
    context.beginPath();
    context.moveTo(left + x * areaWidth, lineY);
    context.lineTo(left + (x + boxWidth) * areaWidth, lineY);
    context.stroke();
  });
  context.globalAlpha = 1;
}

// Paint the uploaded image, and a frame around the part of it that the stroke crosses.
export function paintSelection(context, { upload }, stroke) {
  const { width } = context.canvas;
  const [left, top, areaWidth, areaHeight] = uploadArea(upload, width);
  const [x, y, boxWidth, boxHeight] = crossedBox(upload, stroke);
  context.clearRect(0, 0, width, width);
  context.drawImage(upload.bitmap, left, top, areaWidth, areaHeight);
  context.lineWidth = (UNDERLINE_WIDTH * width) / SIDE;
  context.strokeRect(left + x * areaWidth, top + y * areaHeight, boxWidth * areaWidth, boxHeight * areaHeight);
}

/**
 * Return the smallest box around a stroke, as fractions of the uploaded image.
 *
 * @returns {[number, number, number, number]}
 */
export function crossedBox(upload, { points }) {
  const [left, top, areaWidth, areaHeight] = uploadArea(upload, SIDE);
  const toFraction = (position, start, length) => Math.min(Math.max((position - start) / length, 0), 1);
  const xs = points.map(([x]) => toFraction(x, left, areaWidth));
  const ys = points.map(([, y]) => toFraction(y, top, areaHeight));
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return [x, y, Math.max(...xs) - x, Math.max(...ys) - y];
}

/**
 * Return [left, top, width, height] of an uploaded image that fits into a square canvas.
 *
 * @returns {[number, number, number, number]}
 */
function uploadArea(upload, side) {
  if (!upload) return [0, 0, side, side];
  const scale = side / Math.max(upload.bitmap.width, upload.bitmap.height);
  const [width, height] = [upload.bitmap.width * scale, upload.bitmap.height * scale];
  return [(side - width) / 2, (side - height) / 2, width, height];
}

/**
 * Return a canvas with a text, to show in place of a picture that the browser cannot show.
 *
 * @param {string} text
 */
export function paintPlaceholder(text) {
  const context = document.createElement("canvas").getContext("2d");
  context.canvas.width = context.canvas.height = SIDE;
  context.fillStyle = "gray"; // It must be visible in light and dark mode.
  context.font = "32px sans-serif";
  context.textAlign = "center";
  context.fillText(text, SIDE / 2, SIDE / 2, SIDE);
  return context.canvas;
}

// Return the image of a drawing, as a data URL. It always has 280 × 280 pixels, black on white, so
// that the prediction does not depend on the screen.
export function toImage(strokes) {
  const context = document.createElement("canvas").getContext("2d");
  context.canvas.width = context.canvas.height = SIDE;
  context.fillStyle = "white";
  context.fillRect(0, 0, SIDE, SIDE);
  paintStrokes(context, strokes);
  return context.canvas.toDataURL("image/png");
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
      return [x, y, Math.min(time - start, MAX_TIME_MS), Math.round(10 * exactWidth) / 10];
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
