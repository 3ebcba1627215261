// What is drawn on top of the image: shutters, overlay planes, annotations.

import * as dicom from "./dicom.js";
import { about } from "./exam.js";
import { ofState, overlays } from "./planes.js";

export function drawOverlays(cell) {
  const { marks, image } = cell;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(cell.port.clientWidth * ratio), Math.round(cell.port.clientHeight * ratio)];
  if (marks.width !== width || marks.height !== height) [marks.width, marks.height] = [width, height];
  const context = marks.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  if (!image || !cell.overlays) return;
  const to = transform(cell, ratio);
  if (!to) return;
  cell.element.dataset.box = to.join(" ");
  context.setTransform(...to);
  // The pixels of a plane are squares; where they are smaller than the screen's, thin lines must not fall between those.
  context.imageSmoothingEnabled = Math.hypot(to[0], to[1]) < 1;
  const state = cell.stateHere;
  // Those of the presentation state, else the image's own (PS3.3 C.7.6.11, C.7.6.15).
  for (const shutter of state ? state.shutters : dicom.shutters(cell.item)) drawShutter(context, shutter, cell);
  for (const plane of overlays(cell, state)) drawPlane(context, plane);
  if (state) drawState(cell, context, to, ratio);
}

const drawPlane = (context, { canvas, left, top }) => context.drawImage(canvas, left - 1, top - 1);

// What lies outside of the shape is covered, or what the bitmap has bits for.
function drawShutter(context, shutter, { image, frame }) {
  const { shape, points, radius, colour } = shutter;
  if (shape === "bitmap") return drawBitmapShutter(context, ofState(shutter, frame));
  context.fillStyle = `rgb(${colour.join(" ")})`;
  context.beginPath();
  context.rect(0, 0, image.columns, image.rows);
  if (shape === "circular") {
    context.moveTo(points[0] + radius, points[1]);
    context.arc(points[0], points[1], radius, 0, 2 * Math.PI);
  } else {
    for (let at = 0; at < points.length; at += 2) (at ? context.lineTo : context.moveTo).call(context, points[at], points[at + 1]);
    context.closePath();
  }
  context.fill("evenodd");
  return undefined;
}

// Each pixel is hidden or not: no half of it shines through at the edge.
function drawBitmapShutter(context, plane) {
  if (!plane) return;
  context.save();
  context.imageSmoothingEnabled = false;
  drawPlane(context, plane);
  context.restore();
}

// Annotations of a presentation state: lines and texts where they are anchored (PS3.3 C.10.5).
function drawState(cell, context, to, ratio) {
  context.setTransform(1, 0, 0, 1, 0, 0);
  Object.assign(context, { strokeStyle: "#ffe08a", fillStyle: "#ffe08a", lineWidth: 1.5 * ratio, shadowColor: "#000", shadowBlur: 4 * ratio, font: `${13 * ratio}px system-ui, sans-serif` });
  const onImage = ([x, y]) => [to[0] * x + to[2] * y + to[4], to[1] * x + to[3] * y + to[5]];
  const onScreen = ([x, y]) => [x * context.canvas.width, y * context.canvas.height];
  for (const mark of cell.state.annotations) {
    if (!about(mark.images, cell.key)) continue;
    const place = mark.display ? onScreen : onImage;
    const points = Array.from({ length: mark.points.length >> 1 }, (_, at) => place([mark.points[2 * at], mark.points[2 * at + 1]]));
    if (!points.length) continue;
    if (mark.kind === "text") mark.text.split(/\r?\n/).forEach((line, at) => context.fillText(line, points[0][0], points[0][1] + at * 16 * ratio));
    else drawMark(context, mark.kind, points, ratio);
  }
}

function drawMark(context, kind, points, ratio) {
  context.beginPath();
  if (kind === "point") context.arc(...points[0], 3 * ratio, 0, 2 * Math.PI);
  else if (kind === "circle" && points[1]) context.arc(...points[0], Math.hypot(points[1][0] - points[0][0], points[1][1] - points[0][1]), 0, 2 * Math.PI);
  else if (kind === "ellipse" && points[3]) {
    const [a, b, c, d] = points;
    const half = (one, other) => Math.hypot(other[0] - one[0], other[1] - one[1]) / 2;
    context.ellipse((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, half(a, b), half(c, d), Math.atan2(b[1] - a[1], b[0] - a[0]), 0, 2 * Math.PI);
  } else points.forEach((point, at) => (at ? context.lineTo(...point) : context.moveTo(...point)));
  context.stroke();
}

// From the image's pixels (corner of the first at 0, 0) to the canvas, as a canvas wants it.
export function transform(cell, ratio) {
  const { viewport, image } = cell;
  const plane = dicom.plane(cell.item, cell.frame);
  const along = plane?.along ?? [1, 0, 0];
  const down = plane?.down ?? [0, 1, 0];
  const origin = plane?.position ?? [0, 0, 0];
  const point = (column, row) =>
    viewport.worldToCanvas(origin.map((part, axis) => part + along[axis] * column * image.columnPixelSpacing + down[axis] * row * image.rowPixelSpacing));
  // The position of an image is the middle of its first pixel; Cornerstone's drawing by processor takes it for the
  // corner, by half a pixel everywhere.
  const half = cell.engine.processor ? 0 : 0.5;
  const from = point(-half, -half);
  const right = point(image.columns - half, -half);
  const below = point(-half, image.rows - half);
  const step = (to, count) => [((to[0] - from[0]) / count) * ratio, ((to[1] - from[1]) / count) * ratio];
  const found = [...step(right, image.columns), ...step(below, image.rows), from[0] * ratio, from[1] * ratio];
  return found.every(Number.isFinite) ? found : null;
}
