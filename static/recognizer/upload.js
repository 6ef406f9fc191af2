// Pictures that were not drawn here: chosen, photographed, pasted, or dropped on the page.

const SIDE = 512; // pixels of the longer side that are sent: the site keeps no more
const QUALITY = 0.92; // of a photo

// `put` gets {bitmap, url} of every picture, `refuse` is called for what is none.
export function useUploads(inputs, put, refuse) {
  async function take(files) {
    const [file] = [...files].filter(({ type }) => type.startsWith("image/"));
    if (!file) {
      if (files.length) refuse();
      return;
    }
    try {
      put(shrunk(await createImageBitmap(file), file.type));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      refuse();
    }
  }

  for (const input of inputs) {
    input.addEventListener("change", async () => {
      await take(input.files);
      input.value = ""; // so that the same file can be chosen again
    });
  }
  document.addEventListener("paste", ({ clipboardData }) => take(clipboardData.files));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    take(event.dataTransfer.files);
  });
}

// A JPEG stays one, for it is smaller; whatever else it was becomes a PNG, which can be transparent.
function shrunk(bitmap, type) {
  const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return { bitmap: canvas, url: canvas.toDataURL(type === "image/jpeg" ? type : "image/png", QUALITY) };
}
