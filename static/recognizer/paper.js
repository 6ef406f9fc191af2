// Ink on paper: strokes and uploaded pictures, painted for people and for the network.

export const SIDE = 280; // a drawing's units, and the pixels of the picture that is sent

const MARK = 3; // the line under each digit of a number, in those units

// A stroke is {width, points}, a point [x, y, time], with a stylus also its pressure from 0 to 1.
export function paint(context, strokes) {
  const scale = context.canvas.width / SIDE;
  context.save();
  context.setTransform(scale, 0, 0, scale, 0, 0);
  Object.assign(context, { lineCap: "round", lineJoin: "round" });
  for (const stroke of strokes) {
    if (stroke.points[0].length > 3) paintPressed(context, stroke);
    else paintEven(context, stroke);
  }
  context.restore();
}

function paintEven(context, { width, points }) {
  const [[x, y]] = points;
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(x, y);
  if (points.length === 1) context.lineTo(x + 0.01, y); // without length it would leave no dot
  points.forEach(([x1, y1], i) => {
    const [x2, y2] = points[i + 1] ?? points[i];
    context.quadraticCurveTo(x1, y1, (x1 + x2) / 2, (y1 + y2) / 2);
  });
  context.stroke();
}

// Piece by piece, each as wide as the pen was pressed there.
function paintPressed(context, { width, points }) {
  let [from] = points;
  points.forEach(([x1, y1, , pressure], i) => {
    const [x2, y2] = points[i + 1] ?? points[i];
    const to = [(x1 + x2) / 2, (y1 + y2) / 2];
    context.lineWidth = width * (0.5 + pressure);
    context.beginPath();
    context.moveTo(from[0], from[1]);
    context.quadraticCurveTo(x1, y1, to[0] + 0.01, to[1]);
    context.stroke();
    from = to;
  });
}

// All that is on the paper, and a line under each digit of a number.
export function paintSheet(context, { strokes, upload }, boxes, chosen) {
  const { width, height } = context.canvas;
  context.clearRect(0, 0, width, height);
  const [left, top, across, down] = place(upload, width);
  if (upload) context.drawImage(upload.bitmap, left, top, across, down);
  paint(context, strokes);
  if (boxes.length < 2) return;
  boxes.forEach(([x, y, w, h], i) => {
    context.globalAlpha = i === chosen ? 0.9 : 0.3;
    context.lineWidth = (MARK * width) / SIDE;
    context.beginPath();
    const foot = Math.min(top + (y + h) * down + 8 * context.lineWidth, height - 8);
    context.moveTo(left + x * across, foot);
    context.lineTo(left + (x + w) * across, foot);
    context.stroke();
  });
  context.globalAlpha = 1;
}

// Where an uploaded picture lies on a square sheet: all of it is seen.
function place(upload, side) {
  if (!upload) return [0, 0, side, side];
  const { width, height } = upload.bitmap;
  const scale = side / Math.max(width, height);
  const [across, down] = [width * scale, height * scale];
  return [(side - across) / 2, (side - down) / 2, across, down];
}

// What is sent. A drawing is always 280 x 280, black on white: the answer does not depend on the
// screen.
export function picture({ strokes, upload }) {
  if (upload) return upload.url;
  const context = document.createElement("canvas").getContext("2d");
  context.canvas.width = context.canvas.height = SIDE;
  context.fillStyle = "white";
  context.fillRect(0, 0, SIDE, SIDE);
  paint(context, strokes);
  return context.canvas.toDataURL("image/png");
}
