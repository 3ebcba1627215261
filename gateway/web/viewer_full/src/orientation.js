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
