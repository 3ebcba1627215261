// The panel of an image's facts, from its DICOM JSON (PS3.18 annex F).

const FACTS = [
  ["modality", "00080060"],
  ["body_part", "00180015"],
  ["view", "00185101"],
  ["side", "00200062"],
  ["made", "00080070"],
  ["thickness_long", "00180050", "mm"],
  ["position", "00201041", "mm"],
  ["pixel", "00280030", "mm"],
  ["kilovolts", "00180060", "kV"],
  ["echo_time", "00180081", "ms"],
  ["repetition_time", "00180080", "ms"],
];

const shown = (value) => (typeof value === "number" ? String(Math.round(value * 1000) / 1000) : String(value));

export function describe(place, item, words) {
  const rows = FACTS.map(([name, tag, unit]) => [words[`fact_${name}`], item?.[tag]?.Value?.filter((value) => value !== null).map(shown).join(" × "), unit]);
  const size = ["00280011", "00280010"].map((tag) => item?.[tag]?.Value?.[0]);
  if (size.every(Boolean)) rows.push([words.fact_size, size.join(" × "), "px"]);
  const list = document.createElement("dl");
  for (const [name, value, unit] of rows) {
    if (!value) continue;
    const term = document.createElement("dt");
    term.textContent = name;
    const told = document.createElement("dd");
    told.textContent = [value, unit].filter(Boolean).join(" ");
    list.append(term, told);
  }
  place.replaceChildren(list);
}
