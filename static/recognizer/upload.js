// Images from outside the page: chosen files, photos, and pasted or dropped images.

import { isCanvasReadable, paintPlaceholder } from "./canvas.js";
import { uiStrings } from "./page.js";

// Larger images are shrunk before they are sent, so that a prediction takes no longer than needed.
const MAX_FILE_BYTES = 1_000_000;
const MAX_FILE_SIDE_PX = 2048;
const SENT_TYPES = ["image/jpeg", "image/png", "image/webp"]; // Others are sent as a PNG.
const MAX_SIDE_PX = 1280; // The server also shrinks pages whose longer side has more pixels.
const NUMBER_MARGIN = 0.25; // around a number of a picture, as a fraction of its height
const MIN_PART_PX = 8; // A smaller part of a picture has nothing to read.
const JPEG_QUALITY = 0.92;

// Call onImage({bitmap, url}) for each image, and onInvalid() for a file that is not an image.
export function listenForImages(inputs, onImage, onInvalid) {
  const accept = (files) => acceptFiles(files, onImage, onInvalid);
  for (const input of inputs) {
    input.addEventListener("change", async () => {
      await accept(input.files);
      input.value = ""; // Allow choosing the same file again.
    });
  }
  document.addEventListener("paste", ({ clipboardData }) => accept(clipboardData.files));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dragging");
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!relatedTarget) document.body.classList.remove("dragging");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dragging");
    accept(event.dataTransfer.files);
  });
}

async function acceptFiles(files, onImage, onInvalid) {
  if (!files.length) return;
  const file = [...files].find((each) => each.type.startsWith("image/") || isHeic(each));
  if (!file) return onInvalid();
  try {
    const bitmap = await createImageBitmap(file);
    const mustShrink = isCanvasReadable && !isSmall(file, bitmap);
    onImage(mustShrink ? shrink(bitmap, file.type) : { bitmap, url: await toDataUrl(file) });
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    if (!isHeic(file) && file.type !== "image/jpeg") return onInvalid();
    onImage({ bitmap: paintPlaceholder(uiStrings.no_preview), url: await toDataUrl(file), isSingleRow: true });
  }
}

// The server opens more files than browsers: HEIC, and a JPEG whose end is missing.
// Most systems do not know the type of a HEIC file, and most browsers cannot show it.
const isHeic = ({ name, type }) => /^image\/hei[cf]$/.test(type) || /\.hei[cf]$/i.test(name);

function isSmall(file, bitmap) {
  const side = Math.max(bitmap.width, bitmap.height);
  return SENT_TYPES.includes(file.type) && file.size <= MAX_FILE_BYTES && side <= MAX_FILE_SIDE_PX;
}

function toDataUrl(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

// A JPEG stays a JPEG because it is smaller. Everything else becomes a PNG, which keeps transparency.
function shrink(bitmap, type) {
  const scale = Math.min(1, MAX_SIDE_PX / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const sentType = type === "image/jpeg" ? type : "image/png";
  return { bitmap: canvas, url: canvas.toDataURL(sentType, JPEG_QUALITY) };
}

// Return a number of an upload, with a margin. Its box is [x, y, width, height], as fractions of the
// image.
export const cropNumber = (upload, box) => crop(upload, box, NUMBER_MARGIN * box[3] * upload.bitmap.height);

// Return the part of an upload that is in the box, or null if there is too little of it.
export function cropPart(upload, box) {
  const [, , width, height] = box;
  const isTiny = Math.min(width * upload.bitmap.width, height * upload.bitmap.height) < MIN_PART_PX;
  return isTiny ? null : crop(upload, box, 0);
}

function crop({ bitmap }, [x, y, width, height], margin) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * bitmap.width + 2 * margin);
  canvas.height = Math.round(height * bitmap.height + 2 * margin);
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, margin - x * bitmap.width, margin - y * bitmap.height);
  return { bitmap: canvas, url: canvas.toDataURL("image/png"), isSingleRow: true };
}
