// Mammography hung the usual way: right breast left of the left one, chest walls together, CC above MLO.

import * as dicom from "./dicom.js";

const ORDER = [["R", "CC"], ["L", "CC"], ["R", "MLO"], ["L", "MLO"]];
const CODES = { "R-10242": "CC", "R-10226": "MLO", 399162004: "CC", 399368009: "MLO" };

// [{ series, index, inward }] in the order of the layout, or null where it is no mammography of these views.
export async function mammography(exam) {
  const series = exam.series.filter((one) => one.modality === "MG" && (!one.kind || one.kind === "images") && (one.study ?? 0) === 0);
  if (!series.length || series.length > 16) return null;
  const found = new Map();
  for (const one of series) {
    const items = await exam.metadata(one.index);
    let index = 0;
    items.forEach((item, instance) => {
      const code = dicom.text(dicom.first(item, "00540220"), "00080100");
      const name = `${dicom.laterality(item)} ${dicom.view(item) in CODES ? CODES[dicom.view(item)] : dicom.text(item, "00185101") || CODES[code] || ""}`;
      const words = dicom.patientOrientation(item);
      const ready = dicom.text(item, "00080068") !== "FOR PROCESSING";
      if (ready && one.frames[instance] === 1 && !found.has(name)) {
        found.set(name, { series: one.index, index, inward: words ? (words[0].startsWith("P") ? "right" : "left") : name.startsWith("R") ? "right" : "left" });
      }
      index += one.frames[instance];
    });
  }
  const views = ORDER.map((pair) => found.get(pair.join(" "))).filter(Boolean);
  return views.length >= 2 ? views : null;
}
