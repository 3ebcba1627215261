// What a presentation state does with the grey values of one image (PS3.4 N.2.1): the state gives the whole of the way from
// stored values to what is seen; what it does not have is an identity, and nothing of the image's own is used.

import * as dicom from "./dicom.js";
import { about } from "./exam.js";

// { modality, voi, presentation, inverted } of image `key`, or null where `state` leaves its grey values alone. A table is
// { first, bits, entries }.
export function greyscaleOf(state, key) {
  if (!state?.greyscale || !about(state.images, key)) return null;
  const of = (found) => found.find(({ images }) => about(images, key)) ?? null;
  const { modalities, presentation, inverted } = state.greyscale;
  return { modality: withTable(of(modalities)), voi: withTable(of(state.windows)), presentation: table(presentation), inverted };
}

const withTable = (found) => found && { ...found, table: table(found.table) };
const table = (told) => told && { ...told, entries: new Uint16Array(dicom.bytes(told.entries).buffer) };

// Whether the state leaves the image's values as they are, `own` its slope and intercept, and changes their brightness alone.
export function keepsValues({ modality, voi, presentation }, item, own) {
  if (!modality || modality.table || voi?.table || presentation || dicom.modalityTable(item)) return false;
  return modality.slope === own?.slope && modality.intercept === own?.intercept;
}

// What the values of the image mean: those of its own kind where the state keeps them, else what it says.
export function unitsOf(stated, item, kind, own) {
  const told = stated.modality?.units ?? "";
  if (told && told !== "US") return told;
  return keepsValues(stated, item, own) ? dicom.units(item, kind) : "";
}

// The part of the whole brightness, from 0 to 1, that a window gives to a value (PS3.3 C.11.2.1.2, C.11.2.1.3).
export function brightness(value, { centre, width, function: shape = "LINEAR" }) {
  if (shape === "SIGMOID") return 1 / (1 + Math.exp((-4 * (value - centre)) / width));
  const part = shape === "LINEAR_EXACT" ? (value - centre) / width + 0.5 : (value - (centre - 0.5)) / Math.max(width - 1, 1) + 0.5;
  return Math.min(Math.max(part, 0), 1);
}
