// One instance's attributes as DICOM JSON (PS3.18 annex F), read for a viewer. No page, no network.

export const values = (item, tag) => item?.[tag]?.Value ?? [];
export const first = (item, tag) => values(item, tag)[0];
export const text = (item, tag) => {
  const value = first(item, tag);
  return value && typeof value === "object" ? value.Alphabetic ?? "" : String(value ?? "");
};
export const numbers = (item, tag) => {
  const found = values(item, tag).map(Number);
  return found.length && found.every(Number.isFinite) ? found : null;
};
const number = (item, tag) => numbers(item, tag)?.[0] ?? null;

// Where an attribute of frame `frame` may stand: its functional group, the shared one, the data set itself.
function holders(item, frame, macro) {
  const own = values(item, "52009230")[frame - 1];
  const shared = first(item, "52009229");
  return [first(own, macro), first(shared, macro), item].filter(Boolean);
}

const among = (item, frame, macro, read) => {
  for (const holder of holders(item, frame, macro)) {
    const found = read(holder);
    if (found) return found;
  }
  return null;
};

const length = (found, count) => (found?.length === count ? found : null);

// { position, rows, columns }: of the first pixel, and the directions in which columns and rows run (PS3.3 C.7.6.2).
export function plane(item, frame) {
  const orientation = among(item, frame, "00209116", (one) => length(numbers(one, "00200037"), 6));
  const position = among(item, frame, "00209113", (one) => length(numbers(one, "00200032"), 3));
  if (!orientation) return null;
  return { position, along: orientation.slice(0, 3), down: orientation.slice(3) };
}

const PROJECTIONS = new Set(["CR", "DX", "IO", "MG", "PX", "RF", "RG", "XA"]);

export const isProjection = (modality) => PROJECTIONS.has(modality);

// Millimetres between rows and between columns, and at what they were measured: "patient", "calibrated" on the image,
// "detector", "film" or nothing (PS3.3 10.7.1.1, 10.7.1.3).
export function spacing(item, frame, modality, told) {
  const pair = (found) => (found?.length === 2 && Math.min(...found) > 0 ? found : null);
  const own = pair(among(item, frame, "00289110", (one) => pair(numbers(one, "00280030")))) ?? pair(told);
  const detector = pair(numbers(item, "00181164"));
  const nominal = pair(numbers(item, "00182010"));
  if (!isProjection(modality)) {
    if (own) return { row: own[0], column: own[1], at: "patient" };
    return nominal ? { row: nominal[0], column: nominal[1], at: "film" } : null;
  }
  const same = own && detector && own.every((side, index) => Math.abs(side - detector[index]) < 1e-6);
  if (own && (text(item, "00280A02") || (detector && !same))) return { row: own[0], column: own[1], at: "calibrated" };
  // Pixel Spacing alone says nothing of where it was measured: the careful reading is the detector (PS3.3 10.7.1.3).
  const at = detector ?? own;
  if (at) return { row: at[0], column: at[1], at: "detector" };
  return nominal ? { row: nominal[0], column: nominal[1], at: "film" } : null;
}

// [{ centre, width, name }] of a frame, and the shape of the function (PS3.3 C.11.2.1.2, C.11.2.1.3).
export function windows(item, frame) {
  return (
    among(item, frame, "00289132", (one) => {
      const centres = numbers(one, "00281050");
      const widths = numbers(one, "00281051");
      if (!centres || !widths) return null;
      const found = centres
        .map((centre, index) => ({ centre, width: widths[index], name: String(values(one, "00281055")[index] ?? "") }))
        .filter((window) => window.width > 0);
      return found.length ? found : null;
    }) ?? []
  );
}

export const shape = (item) => text(item, "00281056") || "LINEAR";

// Lookup tables (PS3.3 C.11.1, C.11.2): { first, bits, entries, name }.
export const voiTables = (item) => values(item, "00283010").map(lookUpTable).filter(Boolean);
export const modalityTable = (item) => lookUpTable(first(item, "00283000"));

function lookUpTable(item) {
  const descriptor = numbers(item, "00283002");
  if (descriptor?.length !== 3) return null;
  const [told, start, bits] = descriptor;
  const count = told || 65536;
  const bytes = inline(item, "00283006");
  // Entries of eight bits stand two in a word, or one in a word: both are met.
  const entries = bytes ? (bytes.length < 2 * count ? bytes : words(bytes)) : numbers(item, "00283006");
  if (!entries?.length || bits < 8 || bits > 16) return null;
  return { first: start, bits, entries: entries.slice(0, count), name: text(item, "00283003") };
}

// Whether something of the image is named and not here.
export const wantsLayers = (item) =>
  Object.keys(item).some((tag) => /^60[01][0-9A-F]0010$/.test(tag) && !item[`${tag.slice(0, 4)}3000`]?.InlineBinary) ||
  [...values(item, "00283010"), ...values(item, "00283000")].some((table) => !inline(table, "00283006") && !numbers(table, "00283006"));

export function inline(item, tag) {
  const encoded = item?.[tag]?.InlineBinary;
  return encoded ? bytes(encoded) : null;
}

export const bytes = (encoded) => Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));

const words = (bytes) => new Uint16Array(bytes.buffer.slice(0, bytes.length - (bytes.length % 2)));

// Bounds as the gateway's for presentation states: a plane is painted with four bytes a dot, and a canvas has a longest side.
const MOST_DOTS = 1 << 26;
const LONGEST_SIDE = 32767;

// Overlay planes with their bits (PS3.3 C.9.2); those beyond the bounds are left out: [{ group, rows, columns, top, left, bits }], one byte for each pixel.
export function overlays(item, frame) {
  const found = [];
  let room = MOST_DOTS;
  for (let group = 0x6000; group <= 0x601e; group += 2) {
    const tag = (element) => `${group.toString(16)}${element}`.toUpperCase();
    const packed = inline(item, tag("3000"));
    const [rows, columns] = [number(item, tag("0010")), number(item, tag("0011"))];
    if (!packed || !rows || !columns || Math.max(rows, columns) > LONGEST_SIDE || rows * columns > room) continue;
    room -= rows * columns;
    const [top, left] = numbers(item, tag("0050")) ?? [1, 1];
    const from = (number(item, tag("0015")) ?? 1) > 1 ? rows * columns * (frame - (number(item, tag("0051")) ?? 1)) : 0;
    if (from < 0 || (from + rows * columns) / 8 > packed.length) continue;
    found.push({ group: tag(""), rows, columns, top, left, bits: unpacked(packed, from, rows * columns) });
  }
  return found;
}

// `count` bits from bit `from`, one byte for each; the lowest bit of a byte comes first (PS3.5 8.1.2).
export function unpacked(packed, from, count) {
  const bits = new Uint8Array(count);
  for (let at = 0; at < count; at += 1) bits[at] = (packed[(from + at) >> 3] >> ((from + at) & 7)) & 1;
  return bits;
}

// Overlay planes of old, in bits of the pixels that no value uses (retired: PS3.3 of 2004, C.9.2). `picture`: its values as
// they are stored.
export function overlaysInPixels(item, picture) {
  const { rows, columns } = picture.attributes;
  const found = [];
  for (let group = 0x6000; group <= 0x601e; group += 2) {
    const tag = (element) => `${group.toString(16)}${element}`.toUpperCase();
    const position = number(item, tag("0102")) ?? 0;
    const same = number(item, tag("0010")) === rows && number(item, tag("0011")) === columns;
    if (!same || item[tag("3000")] || !picture.grey || position < picture.bits || position > 15) continue;
    const bits = Uint8Array.from(picture.values, (value) => (value >> position) & 1);
    found.push({ group: tag(""), rows, columns, top: 1, left: 1, bits });
  }
  return found;
}

// Regions of an ultrasound image with their own scales (PS3.3 C.8.5.5), in Cornerstone's words.
export function ultrasoundRegions(item) {
  const found = values(item, "00186011").map((region) => ({
    regionLocationMinX0: number(region, "00186018"),
    regionLocationMinY0: number(region, "0018601A"),
    regionLocationMaxX1: number(region, "0018601C"),
    regionLocationMaxY1: number(region, "0018601E"),
    regionDataType: number(region, "00186014"),
    physicalUnitsXDirection: number(region, "00186024"),
    physicalUnitsYDirection: number(region, "00186026"),
    physicalDeltaX: number(region, "0018602C"),
    physicalDeltaY: number(region, "0018602E"),
  }));
  return found.filter((region) => region.physicalDeltaX && region.physicalDeltaY && region.regionLocationMaxX1);
}

export const units = (item, modality) => {
  if (modality === "CT" && (text(item, "00281054") || "HU") === "HU") return "HU";
  if (modality === "PT") return text(item, "00541001");
  return "";
};

// Frames a second at which a loop was made (PS3.3 C.7.6.5).
export function rate(item) {
  const told = number(item, "00082144") ?? number(item, "00180040");
  const time = number(item, "00181063");
  const found = told || (time ? 1000 / time : 0);
  return found > 0 ? Math.min(Math.max(Math.round(found), 1), 60) : 10;
}

export const laterality = (item) => text(item, "00200062") || text(item, "00200060");
export const view = (item) => {
  const meaning = text(item, "00185101");
  return meaning || text(first(item, "00540220"), "00080104");
};
// Directions of rows and columns in words, such as A\F (PS3.3 C.7.6.1.1.1).
export const patientOrientation = (item) => length(values(item, "00200020").map((word) => String(word ?? "")), 2);
export const sliceLocation = (item, frame) => plane(item, frame)?.position ?? null;
export const thickness = (item, frame) => among(item, frame, "00289110", (one) => numbers(one, "00180050"))?.[0] ?? null;
export const frameOfReference = (item) => text(item, "00200052");
export const pixelPadding = (item) => number(item, "00280120");

// Display shutters of an image as shapes in its pixels, the corner of the first at 0, 0 (PS3.3 C.7.6.11).
export function shutters(item) {
  const colour = Array(3).fill(Math.round((number(item, "00181622") ?? 0) / 257));
  const [left, right, upper, lower] = ["00181602", "00181604", "00181606", "00181608"].map((tag) => number(item, tag));
  const found = [];
  for (const shape of values(item, "00181600")) {
    const middle = numbers(item, "00181610");
    const vertices = numbers(item, "00181620");
    if (shape === "RECTANGULAR" && [left, right, upper, lower].every(Number.isFinite)) {
      found.push({ shape: "polygonal", points: [left - 1, upper - 1, right, upper - 1, right, lower, left - 1, lower], colour });
    } else if (shape === "CIRCULAR" && middle?.length === 2 && number(item, "00181612") > 0) {
      found.push({ shape: "circular", points: [middle[1] - 0.5, middle[0] - 0.5], radius: number(item, "00181612"), colour });
    } else if (shape === "POLYGONAL" && vertices?.length >= 6) {
      found.push({ shape: "polygonal", points: vertices.map((_, at) => vertices[at % 2 ? at - 1 : at + 1] - 0.5), colour });
    }
  }
  return found;
}
