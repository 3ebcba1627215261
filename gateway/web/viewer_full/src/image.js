// A frame of the gateway as an image of Cornerstone: values in the modality's units, colours as RGB.

import { utilities } from "@cornerstonejs/core";
import * as dicom from "./dicom.js";
import { brightness, keepsValues } from "./greyscale.js";

// `picture`: a Picture of the light viewer; `table`: a VOI table that is applied to the values, or null; `stated`: what a
// presentation state does with its grey values (greyscale.js), or null.
export function imageOf(imageId, picture, item, frame, modality, table, stated) {
  const { attributes } = picture;
  const { rows, columns, photometric } = attributes;
  const made = picture.grey ? grey(picture, stated ?? ofImage(picture, item, table)) : colours(picture);
  const spacing = dicom.spacing(item, frame, modality, attributes.spacing) ?? { row: 1, column: 1 };
  const [window] = made.windows ?? dicom.windows(item, frame);
  const [low, high] = made.range;
  const own = window ?? told(attributes) ?? { centre: (low + high + 1) / 2, width: Math.max(high - low + 1, 1) };
  const voxelManager = utilities.VoxelManager.createImageVoxelManager({
    width: columns,
    height: rows,
    scalarData: made.data,
    numberOfComponents: made.components,
    id: imageId,
  });
  return {
    imageId,
    minPixelValue: low,
    maxPixelValue: high,
    slope: 1,
    intercept: 0,
    windowCenter: own.centre,
    windowWidth: own.width,
    voiLUTFunction: made.shape ?? (made.windows ? "LINEAR" : dicom.shape(item)),
    rows,
    columns,
    height: rows,
    width: columns,
    color: !picture.grey,
    rgba: false,
    numberOfComponents: made.components,
    columnPixelSpacing: spacing.column,
    rowPixelSpacing: spacing.row,
    invert: stated ? stated.inverted : photometric === "MONOCHROME1",
    photometricInterpretation: picture.grey ? photometric : "RGB",
    sizeInBytes: made.data.byteLength,
    dataType: made.data.constructor.name,
    FrameOfReferenceUID: dicom.frameOfReference(item),
    voxelManager,
    getPixelData: () => voxelManager.getScalarData(),
    getCanvas: undefined,
    own,
    range: made.range,
    bits: picture.bits,
    otherValues: Boolean(stated) && !keepsValues(stated, item, attributes),
    overlays: dicom.overlaysInPixels(item, picture),
  };
}

function told({ windows }) {
  return windows?.length ? { centre: windows[0][0], width: windows[0][1] } : null;
}

// The image's own way from stored values, and the VOI table that was chosen; its windows are offered, none is given.
function ofImage({ attributes: { slope, intercept } }, item, table) {
  return { modality: { slope, intercept, table: dicom.modalityTable(item) }, voi: { table }, offered: true };
}

function grey(picture, { modality, voi, presentation, offered }) {
  const { allocated } = picture.attributes;
  const { bits, signed, values } = picture;
  const size = 2 ** bits;
  const table = voi?.table;
  const possible = outputs(picture, modality);
  const window = voi?.width ? voi : { centre: (possible[0] + possible[1] + 1) / 2, width: possible[1] - possible[0] + 1 };
  const present = presentation && ((part) => presentation.entries[Math.round(part * (presentation.entries.length - 1))]);
  const rescaled = new Float64Array(allocated === 16 ? 65536 : 256);
  const seen = new Uint8Array(rescaled.length);
  for (const raw of values) seen[raw] = 1;
  let [low, high, whole] = [Infinity, -Infinity, true];
  for (let raw = 0; raw < rescaled.length; raw += 1) {
    if (!seen[raw]) continue;
    let value = raw & (size - 1);
    if (signed && value >= size / 2) value -= size;
    value = rescale(modality, value, signed);
    if (present) value = present(table ? entry(table, Math.round(value)) / (2 ** table.bits - 1) : brightness(value, window));
    else if (table) value = entry(table, Math.round(value));
    rescaled[raw] = value;
    whole &&= Number.isInteger(value);
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const data = new (kind(low, high, whole))(values.length);
  for (let at = 0; at < values.length; at += 1) data[at] = rescaled[values[at]];
  const made = { data, components: 1, range: [low, high] };
  const last = presentation ?? table;
  if (last) return { ...made, windows: [{ centre: 2 ** last.bits / 2, width: 2 ** last.bits }] };
  return offered ? made : { ...made, windows: [window], shape: voi?.function };
}

function rescale(modality, value, signed) {
  if (!modality) return value;
  const { table, slope, intercept } = modality;
  if (!table) return value * slope + intercept;
  // Where the object does not say of what sign its first value is (implicit VR), the image does.
  return entry(signed && table.first > 32767 ? { ...table, first: table.first - 65536 } : table, value);
}

// The least and the greatest value that the modality's part can give.
function outputs({ bits, signed }, modality) {
  if (modality?.table) return [0, 2 ** modality.table.bits - 1];
  const least = signed ? -(2 ** (bits - 1)) : 0;
  const ends = [least, least + 2 ** bits - 1].map((value) => rescale(modality, value, signed));
  return [Math.min(...ends), Math.max(...ends)];
}

function kind(low, high, whole) {
  if (whole && low >= -32768 && high <= 32767) return Int16Array;
  return whole && low >= 0 && high <= 65535 ? Uint16Array : Float32Array;
}

// The value of a table; what lies outside is held at its ends (PS3.3 C.11.1.1.1).
const entry = ({ first, entries }, value) => entries[Math.min(Math.max(value - first, 0), entries.length - 1)];

function colours(picture) {
  const source = picture.values;
  if (picture.scale === "rgb") return { data: source, components: 3, range: [0, 255] };
  const data = new Uint8ClampedArray(source.length);
  for (let at = 0; at < source.length; at += 3) {
    const [y, b, r] = [source[at], source[at + 1] - 128, source[at + 2] - 128];
    data[at] = y + 1.402 * r;
    data[at + 1] = y - 0.344136 * b - 0.714136 * r;
    data[at + 2] = y + 1.772 * b;
  }
  return { data: new Uint8Array(data.buffer), components: 3, range: [0, 255] };
}
