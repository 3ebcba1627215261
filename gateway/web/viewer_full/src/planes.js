// Bitmaps that lie over an image: its overlay planes, those of a presentation state, the shutter made of one.

import * as dicom from "./dicom.js";

// Where nobody asks for another one.
const COLOUR = [255, 255, 128];
const KEPT = 64;
const ofImages = new Map();
const canvases = new WeakMap();

// [{ canvas, top, left }] in the order of drawing. `state`: the presentation state that is about the image, or null.
export function overlays(cell, state) {
  const asked = state?.image_overlays ?? {};
  const own = ofImage(cell).filter(({ group }) => asked[group]?.shown ?? true);
  return [
    ...own.map((plane) => ({ ...plane, canvas: canvasOf(plane, 0, asked[plane.group]?.colour, () => plane.bits) })),
    ...(state?.overlays ?? []).map((plane) => ofState(plane, cell.frame)).filter(Boolean),
  ];
}

// A plane of a presentation state as it lies over frame `frame`, or null.
export function ofState(plane, frame) {
  const at = plane.frames > 1 ? frame - plane.first : 0;
  if (at < 0 || at >= plane.frames) return null;
  const size = plane.rows * plane.columns;
  const unpacked = () => dicom.unpacked(dicom.bytes(plane.bits), at * size, size);
  return { ...plane, canvas: canvasOf(plane, at, plane.colour, unpacked) };
}

function ofImage({ key, item, frame, image }) {
  if (!ofImages.has(key)) {
    if (ofImages.size > KEPT) ofImages.clear();
    ofImages.set(key, [...dicom.overlays(item, frame), ...image.overlays]);
  }
  return ofImages.get(key);
}

// Frame `at` of a plane in its colour; the last one of each plane is kept.
function canvasOf(plane, at, colour, bitsOf) {
  const told = (colour ?? COLOUR).join(" ");
  const before = canvases.get(plane);
  if (before?.at === at && before.told === told) return before.canvas;
  const canvas = painted(plane, bitsOf(), colour ?? COLOUR);
  canvases.set(plane, { at, told, canvas });
  return canvas;
}

function painted({ rows, columns }, bits, [red, green, blue]) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns, rows];
  const context = canvas.getContext("2d");
  const dots = context.createImageData(columns, rows);
  const pixels = new Uint32Array(dots.data.buffer);
  const dot = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  for (let at = 0; at < bits.length; at += 1) if (bits[at]) pixels[at] = dot;
  context.putImageData(dots, 0, 0);
  return canvas;
}
