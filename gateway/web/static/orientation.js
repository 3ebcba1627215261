// Letters for directions in the patient (PS3.3 C.7.6.1.1.1: x grows to the left, y to the back, z to the head).

const AXES = [
  ["L", "R"],
  ["P", "A"],
  ["H", "F"],
];

// "L", or with lesser parts "LPH", for a vector of the patient's space.
export function letters([x, y, z], most = 2) {
  const parts = [x, y, z].map((size, axis) => ({ size: Math.abs(size), letter: AXES[axis][size >= 0 ? 0 : 1] }));
  const total = Math.hypot(x, y, z) || 1;
  return parts
    .filter((part) => part.size / total > 0.25)
    .sort((one, other) => other.size - one.size)
    .slice(0, most)
    .map((part) => part.letter)
    .join("");
}

const OPPOSITE = { L: "R", R: "L", A: "P", P: "A", H: "F", F: "H" };
const opposite = (word) => [...word].map((letter) => OPPOSITE[letter] ?? letter).join("");

// Words of the four sides of what is seen: { top, right, bottom, left }. `right` and `down` are the directions of the
// screen in the patient's space, as vectors.
export function sides(right, down) {
  return {
    right: letters(right),
    left: letters(right.map((part) => -part)),
    bottom: letters(down),
    top: letters(down.map((part) => -part)),
  };
}

// The same for an image that has words only (Patient Orientation): `turn` maps the screen's right and down to the
// image's own axes, as [along, down] each of -1, 0 or 1.
export function sidesOfWords([along, down], turn) {
  const word = ([a, d]) => (Math.abs(a) >= Math.abs(d) ? (a >= 0 ? along : opposite(along)) : d >= 0 ? down : opposite(down));
  const right = word(turn.right);
  const bottom = word(turn.down);
  return { right, left: opposite(right), bottom, top: opposite(bottom) };
}

const valuesOf = (item, tag) => item?.[tag]?.Value ?? [];

// The words of an image as it lies, neither turned nor mirrored, from its DICOM JSON (PS3.18 annex F); null without any.
// Of a multi-frame image the functional groups of the frame come first (PS3.3 C.7.6.16).
export function sidesOf(item, frame) {
  const groups = [valuesOf(item, "52009230")[frame - 1], valuesOf(item, "52009229")[0]].map((one) => valuesOf(one, "00209116")[0]);
  for (const holder of [...groups, item]) {
    const cosines = valuesOf(holder, "00200037").map(Number);
    if (cosines.length === 6 && cosines.every(Number.isFinite)) return sides(cosines.slice(0, 3), cosines.slice(3));
  }
  const [along, down, ...more] = valuesOf(item, "00200020");
  return along && down && !more.length ? sidesOfWords([String(along), String(down)], { right: [1, 0], down: [0, 1] }) : null;
}
