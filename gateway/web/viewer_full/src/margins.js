// What is written around the image: what it is, where it lies, which side is which, how large a centimetre is.

import { letters, sides, sidesOfWords } from "../../static/orientation.js";
import * as dicom from "./dicom.js";
import { imageId } from "./engine.js";
import { remarkOn, say } from "./measures.js";

const make = (name, className, parent) => {
  const element = document.createElement(name);
  element.className = className;
  parent?.append(element);
  return element;
};

export class Margins {
  constructor(cell) {
    this.cell = cell;
    this.corner = {};
    for (const name of ["top-left", "top-right", "bottom-left", "bottom-right"]) this.corner[name] = make("div", `told ${name}`, cell.element);
    this.side = {};
    for (const name of ["top", "right", "bottom", "left"]) this.side[name] = make("div", `side ${name}`, cell.element);
    this.scale = make("div", "scale", cell.element);
    this.scale.hidden = true;
  }

  write() {
    this.corners();
    this.#sides();
    this.#ruler();
  }

  corners() {
    const { cell } = this;
    const { words } = cell;
    const one = cell.exam.series[cell.series];
    const study = cell.exam.studies[one.study ?? 0];
    const { item, frame } = cell;
    const lines = (name, ...found) => this.corner[name].replaceChildren(...found.filter(Boolean).map((line) => {
      const told = make("span", "");
      told.textContent = line;
      return told;
    }));
    const side = { L: words.left_side, R: words.right_side }[dicom.laterality(item)];
    lines("top-left", [one.modality, one.description].filter(Boolean).join(" · "), [side, dicom.view(item)].filter(Boolean).join(" "), cell.exam.studies.length > 1 ? study?.date_told : "");
    const position = dicom.sliceLocation(item, frame);
    const place = dicom.plane(item, frame);
    const thickness = dicom.thickness(item, frame);
    lines(
      "bottom-right",
      `${words.image} ${cell.index + 1} / ${cell.keys.length}`,
      position && place ? this.#position(place) : "",
      thickness ? `${words.thickness} ${say(thickness, 1, words.lang)} mm` : "",
    );
    const window = cell.image && !cell.image.color ? cell.window : null;
    const digits = window && window.width < 10 ? 2 : 0;
    const told = window && words.window.replace("{width}", say(window.width, digits, words.lang)).replace("{centre}", say(window.centre, digits, words.lang));
    lines("bottom-left", told ?? "");
    const ratio = cell.pixelsOnScreen();
    const broken = (cell.stateHere?.broken ?? []).map(({ group, reason }) => words[`plane_${reason}`].replace("{group}", group));
    lines("top-right", ratio ? `${Math.round(ratio * 100)} %` : "", cell.stateHere?.label ?? "", ...broken);
  }

  // Where the slice lies along its normal, with the letter of the side: "S 120,5 mm".
  #position({ along, down, position }) {
    const normal = [along[1] * down[2] - along[2] * down[1], along[2] * down[0] - along[0] * down[2], along[0] * down[1] - along[1] * down[0]];
    const main = normal.map(Math.abs).indexOf(Math.max(...normal.map(Math.abs)));
    const vector = [0, 0, 0];
    vector[main] = position[main] < 0 ? -1 : 1;
    return `${letters(vector, 1)} ${say(Math.abs(position[main]), 1, this.cell.words.lang)} mm`;
  }

  #sides() {
    const { cell } = this;
    const { item, frame } = cell;
    const place = dicom.plane(item, frame);
    const { right, down } = cell.axes();
    let found = { top: "", right: "", bottom: "", left: "" };
    const words = dicom.patientOrientation(item);
    if (place) found = sides(right, down);
    else if (words) found = sidesOfWords(words, { right, down });
    for (const [name, element] of Object.entries(this.side)) element.textContent = found[name];
  }

  #ruler() {
    const { cell } = this;
    const spacing = cell.engine.measured(imageId(cell.key));
    const { down } = cell.axes();
    const regions = cell.exam.calibration(...cell.key.split("/").map(Number))?.sequenceOfUltrasoundRegions ?? [];
    const scales = new Set(regions.filter((one) => one.physicalUnitsYDirection === 3).map((one) => Math.abs(one.physicalDeltaY)));
    // Two images of different scales in one frame have no ruler in common.
    const centimetres = scales.size === 1 ? [...scales][0] * 10 : 0;
    const millimetre = spacing ? 1 / Math.hypot(...down) : centimetres ? 1 / (Math.hypot(...down) * centimetres) : 0;
    this.scale.hidden = !millimetre;
    if (!millimetre) return void (this.scale.textContent = "");
    const most = cell.element.clientHeight * 0.4;
    const size = [200, 100, 50, 20, 10, 5, 2, 1].find((one) => one * millimetre <= most) ?? 1;
    this.scale.style.height = `${size * millimetre}px`;
    const remark = dicom.isProjection(cell.modality) ? remarkOn(spacing, cell.words) : "";
    const told = make("span", "");
    told.textContent = [size >= 10 ? `${size / 10} cm` : `${size} mm`, remark].filter(Boolean).join(" ");
    this.scale.replaceChildren(told);
  }
}
