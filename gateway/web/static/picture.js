// Pixels to grey levels (DICOM PS3.3 C.7.6.3, C.11.1.1.2, C.11.2.1.2). No page, no network.

export class NotDrawable extends Error {}

const SCALES = { MONOCHROME1: "grey", MONOCHROME2: "grey", RGB: "rgb", YBR_FULL: "ybr", YBR_FULL_422: "ybr" };

export class Picture {
  // `attributes`: the Frame-Attributes header, read; `buffer`: an ArrayBuffer of native little-endian pixels.
  constructor(attributes, buffer) {
    const { rows, columns, samples, allocated, photometric, signed } = attributes;
    this.attributes = attributes;
    this.scale = SCALES[photometric];
    this.bytes = buffer.byteLength;
    const colour = this.scale === "rgb" || this.scale === "ybr";
    if (!this.scale || samples !== (colour ? 3 : 1) || (colour ? allocated !== 8 : ![8, 16].includes(allocated))) {
      throw new NotDrawable(photometric);
    }
    if (buffer.byteLength !== (rows * columns * samples * allocated) / 8) throw new NotDrawable("size");
    // Grey values are read without their sign: the table below knows which bits mean what.
    this.values = allocated === 16 ? new Uint16Array(buffer) : new Uint8Array(buffer);
    this.bits = Math.min(Math.max(attributes.stored || allocated, 1), allocated);
    this.signed = Boolean(signed);
  }

  get grey() {
    return this.scale === "grey";
  }

  // Height of a pixel in units of its width.
  get aspect() {
    const spacing = this.attributes.spacing;
    return spacing ? spacing[0] / spacing[1] : 1;
  }

  // Smallest and largest value, rescaled.
  get range() {
    if (!this.extremes) {
      let low = Infinity;
      let high = -Infinity;
      const read = reader(this);
      const seen = new Uint8Array(this.values.BYTES_PER_ELEMENT === 2 ? 65536 : 256);
      for (const raw of this.values) seen[raw] = 1;
      for (let raw = 0; raw < seen.length; raw += 1) {
        if (!seen[raw]) continue;
        const value = read(raw);
        if (value < low) low = value;
        if (value > high) high = value;
      }
      this.extremes = [low, high];
    }
    return this.extremes;
  }

  // { centre, width }: what the header asks for, else everything there is.
  get window() {
    const [first] = this.attributes.windows;
    return first ? { centre: first[0], width: first[1] } : this.fullWindow;
  }

  get fullWindow() {
    const [low, high] = this.range;
    return { centre: (low + high) / 2 + 0.5, width: Math.max(high - low + 1, 1) };
  }
}

// Stored bits to a rescaled value; bits above Bits Stored are overlays of old, not values.
function reader(picture) {
  const { slope, intercept } = picture.attributes;
  const mask = 2 ** picture.bits - 1;
  const sign = 2 ** (picture.bits - 1);
  return (raw) => {
    let value = raw & mask;
    if (picture.signed && value >= sign) value -= 2 * sign;
    return value * slope + intercept;
  };
}

let kept = { key: "", table: null };

// For each stored value its colour, as a canvas wants it (little endian: alpha, blue, green, red).
function table(picture, { centre, width }) {
  const { slope, intercept, photometric, allocated } = picture.attributes;
  const key = [slope, intercept, photometric, allocated, picture.bits, picture.signed, centre, width].join();
  if (kept.key === key) return kept.table;
  const read = reader(picture);
  const colours = new Uint32Array(allocated === 16 ? 65536 : 256);
  const inverted = photometric === "MONOCHROME1";
  const span = Math.max(width, 1);
  const low = centre - 0.5 - (span - 1) / 2;
  const high = centre - 0.5 + (span - 1) / 2;
  for (let raw = 0; raw < colours.length; raw += 1) {
    const value = read(raw);
    let grey;
    if (value <= low) grey = 0;
    else if (value > high) grey = 255;
    else grey = Math.round(((value - (centre - 0.5)) / (span - 1) + 0.5) * 255);
    if (inverted) grey = 255 - grey;
    colours[raw] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
  }
  kept = { key, table: colours };
  return colours;
}

// Draw `picture` on `canvas`, one canvas pixel for each of its own.
export function paint(picture, window, canvas) {
  const { rows, columns } = picture.attributes;
  if (canvas.width !== columns || canvas.height !== rows) {
    canvas.width = columns;
    canvas.height = rows;
  }
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  const target = new Uint32Array(image.data.buffer);
  if (picture.grey) {
    const colours = table(picture, window);
    for (let i = 0; i < target.length; i += 1) target[i] = colours[picture.values[i]];
  } else {
    colour(picture, image.data);
  }
  context.putImageData(image, 0, 0);
}

function colour(picture, target) {
  const source = picture.values;
  for (let from = 0, to = 0; to < target.length; from += 3, to += 4) {
    const [a, b, c] = [source[from], source[from + 1], source[from + 2]];
    if (picture.scale === "rgb") {
      target[to] = a;
      target[to + 1] = b;
      target[to + 2] = c;
    } else {
      target[to] = a + 1.402 * (c - 128);
      target[to + 1] = a - 0.344136 * (b - 128) - 0.714136 * (c - 128);
      target[to + 2] = a + 1.772 * (b - 128);
    }
    target[to + 3] = 255;
  }
}
