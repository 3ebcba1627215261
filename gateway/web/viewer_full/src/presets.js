// Windows on offer for what is shown: those of the image, those of its modality, its tables, everything there is.

import * as dicom from "./dicom.js";
import { say } from "./measures.js";

const BY_MODALITY = {
  CT: { abdomen: [40, 400], mediastinum: [50, 350], lung: [-600, 1500], bone: [400, 1800], brain: [40, 80], liver: [60, 160], vessels: [250, 600] },
};

export function presets(cell, words) {
  const { image, item, frame, modality } = cell;
  if (image.color) return [];
  const offered = [{ name: words.default, on: cell.user === null && cell.table < 0, apply: () => (cell.table < 0 ? cell.setWindow(null) : cell.setTable(-1)) }];
  const [low, high] = image.range;
  const whole = () => add(words.full_range, (low + high + 1) / 2, Math.max(high - low + 1, 1));
  const add = (name, centre, width) => offered.push({ name, on: same(cell.user, centre, width), apply: () => cell.setWindow({ centre, width }) });
  // The windows of the image and of its kind are for its own values, not for others that a presentation state makes.
  if (image.otherValues) {
    whole();
    return offered;
  }
  dicom.windows(item, frame).slice(1, 5).forEach(({ centre, width, name }) => add(name || inWords(centre, width, words), centre, width));
  // A state's grey values take the place of the image's tables.
  const tables = cell.stateHere?.greyscale ? [] : dicom.voiTables(item);
  tables.slice(0, 5).forEach(({ name }, index) => {
    offered.push({ name: name || `LUT ${index + 1}`, on: cell.table === index && cell.user === null, apply: () => cell.setTable(index) });
  });
  for (const [name, [centre, width]] of Object.entries(BY_MODALITY[modality] ?? {})) add(words[name], centre, width);
  whole();
  return offered;
}

const inWords = (centre, width, words) => words.window.replace("{width}", say(width, 0, words.lang)).replace("{centre}", say(centre, 0, words.lang));
const same = (window, centre, width) => Boolean(window) && Math.abs(window.centre - centre) < 0.01 && Math.abs(window.width - width) < 0.01;
