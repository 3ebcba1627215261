// The light viewer: one examination under an opaque handle, one image at a time.

import { introduce } from "./banner.js";
import { describe } from "./facts.js";
import { listen } from "./gestures.js";
import { ask, Failed, Loader } from "./loader.js";
import { sidesOf } from "./orientation.js";
import { paint } from "./picture.js";
import { SeriesList } from "./series.js";

const CT_WINDOWS = {
  abdomen: { centre: 40, width: 400 },
  lung: { centre: -600, width: 1500 },
  bone: { centre: 400, width: 1800 },
  brain: { centre: 40, width: 80 },
};
const LOST = new Set(["viewer_session_over", "viewer_handle_over"]);
const AHEAD = 40;
const BEHIND = 12;
const BUSY_MS = 1500;
const FEW = 1000;

const at = (id) => document.getElementById(id);
const body = document.body;
const words = JSON.parse(body.dataset.words);
const base = `/viewer/${body.dataset.token}`;
const canvas = at("canvas");
const source = document.createElement("canvas");
const loader = new Loader(base);

// A phone, a slow link or a sparing reader gets pictures the size of the screen; pixels come when they are asked for.
const link = navigator.connection;
const sparing = matchMedia("(pointer: coarse)").matches || link?.saveData || ["slow-2g", "2g", "3g"].includes(link?.effectiveType);
const state = { frugal: Boolean(sparing) && body.dataset.diagnostic !== "yes", facts: new Map(), exam: null, series: 0, place: 0, direction: 1, window: null, zoom: 1, x: 0, y: 0, picture: null, touch: "scroll" };
let turn = 0;
let dirty = { pixels: false, frame: 0 };

const keysOf = new Map();
const keys = (series) => {
  if (!keysOf.has(series)) {
    const frames = state.exam.series[series].frames;
    const all = frames.flatMap((n, instance) => Array.from({ length: n }, (_, f) => `${series}/${instance}/${f + 1}`));
    const marked = state.exam.key_images_only ? all.filter((key) => state.exam.key_images.includes(key)) : [];
    keysOf.set(series, marked.length ? marked : all);
  }
  return keysOf.get(series);
};
const pictures = () => state.exam.series.filter((one) => one.kind === "images").map((one) => one.index);
const shelf = new SeriesList(at("series"), base, words, { keys, choose, missed: fetchAhead });

// What is asked for to show `key`: its pixels, or a picture of them under the present window.
function wanted(key) {
  if (!key || !state.frugal) return key;
  const side = Math.min(Math.ceil(Math.max(canvas.clientWidth, canvas.clientHeight) * Math.min(window.devicePixelRatio || 1, 2) / 128) * 128, 1280);
  const shown = state.window ? `&window=${state.window.centre},${state.window.width}` : "";
  return `${key}?width=${side}&height=${side}${shown}`;
}

// Examination ---------------------------------------------------------------------------------------------------

let began = false;

function turnTo(key) {
  const series = Number(key.split("/")[0]);
  choose(series, Math.max(keys(series).indexOf(key), 0));
}

async function open() {
  try {
    const exam = await (await ask(`${base}/exam.json`)).json();
    state.exam = exam;
    keysOf.clear();
    state.facts.clear();
    loader.restart(exam.version);
    introduce(exam, words);
    if (!pictures().length) throw new Failed("viewer_exam_empty");
    shelf.show(exam);
    const [marked] = exam.key_images;
    at("key-images").hidden = !marked;
    if (!began && marked) turnTo(marked);
    else choose(pictures().includes(state.series) ? state.series : pictures()[0], state.place);
    began = true;
  } catch (error) {
    complain(error, open);
  }
}

// What is known of the present image beside its pixels: its windows, and whether it is grey at all.
function told() {
  const [series, instance, frame] = (keys(state.series)[state.place] ?? "0/0/1").split("/").map(Number);
  const item = state.facts.get(series)?.[instance];
  const centres = item?.["00281050"]?.Value ?? [];
  const widths = item?.["00281051"]?.Value ?? [];
  const windows = centres.map((centre, index) => ({ centre: Number(centre), width: Number(widths[index]) })).filter((one) => one.width > 0);
  return { item, frame, windows, grey: (item?.["00280002"]?.Value?.[0] ?? 1) === 1 };
}

// Asked for once a series: for the letters of its sides, unless it is a very long one, and where else it is needed.
async function facts() {
  const { series } = state;
  const wanted = state.frugal || !at("facts").hidden || state.exam.series[series].frames.length <= FEW;
  if (!state.facts.has(series) && wanted) {
    state.facts.set(series, []);
    try {
      state.facts.set(series, await (await ask(`${base}/metadata/${series}?v=${state.exam.version}`)).json());
      if (series === state.series && state.picture) {
        if (state.picture.bitmap) presets();
        redraw();
      }
    } catch {
      // Without them the letters stay away; who needs more asks again with the next image.
      if (state.frugal || !at("facts").hidden) state.facts.delete(series);
    }
  }
  if (!at("facts").hidden) describe(at("facts"), told().item, words);
}

// Images --------------------------------------------------------------------------------------------------------

function choose(series, place = 0) {
  state.series = series;
  Object.assign(state, { place: 0, direction: 1, window: null, zoom: 1, x: 0, y: 0 });
  shelf.mark(series);
  const slider = at("slider");
  slider.max = keys(series).length;
  slider.hidden = keys(series).length < 2;
  state.picture = null;
  go(place);
}

async function go(place) {
  const all = keys(state.series);
  const next = Math.max(0, Math.min(place, all.length - 1));
  if (next !== state.place) state.direction = next > state.place ? 1 : -1;
  state.place = next;
  turn += 1;
  const mine = turn;
  position();
  const key = wanted(all[next]);
  at("busy").hidden = loader.has(key);
  try {
    const picture = await loader.now(key);
    shelf.offer(all[next], picture);
    if (mine !== turn) return;
    const first = !state.picture;
    state.picture = picture;
    at("notice").hidden = true;
    at("busy").hidden = true;
    canvas.dataset.shown = all[next];
    if (first) performance.mark("first-picture");
    if (first) presets();
    facts();
    redraw(true);
    fetchAhead();
  } catch (error) {
    if (mine !== turn) return;
    if (error.code === "viewer_exam_changed") setTimeout(open, BUSY_MS);
    else if (error.code === "viewer_busy") setTimeout(() => mine === turn && go(state.place), BUSY_MS);
    else {
      if (typeof error !== "string") blank();
      complain(error, () => go(state.place));
    }
  }
}

// What was shown before goes: beneath the words for another image it would be taken for that one.
function blank() {
  state.picture = null;
  sides(null);
  canvas.dataset.shown = "";
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
}

function fetchAhead() {
  if (!state.exam) return;
  const all = keys(state.series);
  const ahead = [];
  for (let step = 1; step <= Math.max(AHEAD, BEHIND); step += 1) {
    if (step <= AHEAD) ahead.push(all[state.place + step * state.direction]);
    if (step <= BEHIND) ahead.push(all[state.place - step * state.direction]);
  }
  loader.want([...ahead.slice(0, 2), ...shelf.wanted, ...ahead.slice(2)].filter(Boolean).map(wanted), (key, picture) => shelf.offer(key.split("?")[0], picture));
}

function complain(error, again) {
  // A request that was given up on purpose ends with the name of the purpose.
  if (typeof error === "string") return;
  const code = error.code || "web_failed";
  at("notice-text").textContent = words[code] || words.web_failed;
  const retry = at("retry");
  retry.hidden = LOST.has(code);
  retry.onclick = () => {
    at("notice").hidden = true;
    again();
  };
  at("busy").hidden = true;
  at("notice").hidden = false;
  if (!(error instanceof Failed)) console.error("viewer", error.name);
}

// Drawing -------------------------------------------------------------------------------------------------------

function redraw(pixels = false) {
  dirty.pixels ||= pixels;
  if (!dirty.frame) dirty.frame = requestAnimationFrame(draw);
}

const shownWindow = () => state.window || state.picture.window || told().windows[0] || null;

function geometry() {
  const { rows, columns } = state.picture.attributes;
  const height = rows * state.picture.aspect;
  const fit = Math.min(canvas.clientWidth / columns, canvas.clientHeight / height);
  const scale = fit * state.zoom;
  return {
    scale,
    left: (canvas.clientWidth - columns * scale) / 2 + state.x,
    top: (canvas.clientHeight - height * scale) / 2 + state.y,
    width: columns * scale,
    height: height * scale,
  };
}

function draw() {
  dirty.frame = 0;
  const { picture } = state;
  if (!picture) return;
  if (dirty.pixels && !picture.bitmap) paint(picture, shownWindow(), source);
  dirty.pixels = false;
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  const box = geometry();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture.bitmap ?? source, box.left, box.top, box.width, box.height);
  canvas.dataset.box = [box.left, box.top, box.scale, ratio].join(" ");
  corners();
}

const number = (value) => String(Math.abs(value) >= 10 ? Math.round(value) : Math.round(value * 100) / 100).replace("-", "−");

const inWords = ({ centre, width }) => words.window.replace("{width}", number(width)).replace("{centre}", number(centre));

function corners() {
  const { picture } = state;
  const { centre, width } = shownWindow() ?? {};
  at("corner-window").textContent = width && (picture.grey || (picture.bitmap && told().grey))
    ? inWords({ centre, width })
    : "";
  at("corner-zoom").textContent = picture.bitmap ? words.reduced : `${Math.round(geometry().scale * 100)} %`;
  const { item, frame } = told();
  sides(sidesOf(item, frame));
  for (const button of at("presets").children) {
    button.setAttribute("aria-pressed", String(same(button.preset(), state.window)));
  }
}

function sides(found) {
  for (const name of ["top", "right", "bottom", "left"]) at(`side-${name}`).textContent = found?.[name] ?? "";
}

const same = (one, two) => one === two || Boolean(one && two && one.centre === two.centre && one.width === two.width);

function position() {
  const one = state.exam.series[state.series];
  const count = keys(state.series).length;
  const text = `${words.image} ${state.place + 1} / ${count}`;
  at("corner-place").textContent = text;
  at("corner-series").textContent = [one.modality, one.description].filter(Boolean).join(" · ");
  const slider = at("slider");
  slider.value = state.place + 1;
  slider.setAttribute("aria-valuetext", text);
  canvas.setAttribute("aria-label", `${one.description || words.series}, ${text}`);
}

// Windows -------------------------------------------------------------------------------------------------------

function presets() {
  const { picture } = state;
  const offered = [[words.default, () => null]];
  const windows = picture.bitmap ? told().windows.map(({ centre, width }) => [centre, width]) : picture.attributes.windows;
  for (const [centre, width] of windows.slice(1, 4)) offered.push([inWords({ centre, width }), () => ({ centre, width })]);
  if (state.exam.series[state.series].modality === "CT") {
    for (const [name, window] of Object.entries(CT_WINDOWS)) offered.push([words[name], () => window]);
  }
  if (!picture.bitmap) offered.push([words.full_range, () => state.picture.fullWindow]);
  const buttons = offered.map(([name, preset], index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.title = index < 9 ? `${name} (${index + 1})` : name;
    button.preset = preset;
    button.addEventListener("click", () => {
      state.window = preset();
      if (state.frugal) go(state.place);
      else redraw(true);
    });
    return button;
  });
  at("presets").replaceChildren(...(picture.grey || (picture.bitmap && told().grey) ? buttons : []));
}

// The pixels themselves of what is shown, to be windowed by hand.
async function pixels() {
  const mine = turn;
  try {
    const picture = await loader.now(keys(state.series)[state.place]);
    if (mine !== turn || !state.picture?.bitmap) return;
    state.picture = picture;
    const { width } = shownWindow();
    grip = Math.max(width / 300, Number.EPSILON);
    redraw(true);
  } catch (error) {
    if (mine === turn) complain(error, pixels);
  }
}

let grip = 1;

const verbs = {
  scroll: (steps) => state.exam?.series.length && go(state.place + steps),
  window(dx, dy, begin) {
    if (state.picture?.bitmap && begin) pixels();
    if (!state.picture?.grey) return;
    const { centre, width } = shownWindow();
    if (begin) grip = Math.max(width / 300, Number.EPSILON);
    else {
      state.window = { centre: centre + dy * grip, width: Math.max(width + dx * grip, 1) };
      redraw(true);
    }
  },
  pan(dx, dy) {
    state.x += dx;
    state.y += dy;
    redraw();
  },
  zoom(factor, x, y) {
    if (!state.picture) return;
    const zoom = Math.max(0.25, Math.min(state.zoom * factor, 20));
    const change = zoom / state.zoom;
    const [fromX, fromY] = [x - canvas.clientWidth / 2, y - canvas.clientHeight / 2];
    Object.assign(state, { zoom, x: fromX - (fromX - state.x) * change, y: fromY - (fromY - state.y) * change });
    redraw();
  },
  reset() {
    const windowed = state.window;
    Object.assign(state, { window: null, zoom: 1, x: 0, y: 0 });
    if (state.frugal && windowed) go(state.place);
    redraw(true);
  },
};

const centred = (factor) => verbs.zoom(factor, canvas.clientWidth / 2, canvas.clientHeight / 2);
const page = () => Math.max(Math.round(keys(state.series).length / 10), 1);
const neighbour = (step) => {
  const all = pictures();
  const next = all[all.indexOf(state.series) + step];
  if (next !== undefined) choose(next);
};
const shortcuts = {
  ArrowUp: () => verbs.scroll(-1),
  ArrowDown: () => verbs.scroll(1),
  PageUp: () => verbs.scroll(-page()),
  PageDown: () => verbs.scroll(page()),
  Home: () => go(0),
  End: () => go(Infinity),
  ArrowLeft: () => neighbour(-1),
  ArrowRight: () => neighbour(1),
  "+": () => centred(1.25),
  "-": () => centred(0.8),
  0: () => verbs.reset(),
};

document.addEventListener("keydown", (event) => {
  if (!state.exam?.series.length || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target === at("slider") && event.key.startsWith("Arrow")) return;
  const preset = /^[1-9]$/.test(event.key) && at("presets").children[event.key - 1];
  const action = preset ? () => preset.click() : shortcuts[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

listen(canvas, verbs, () => state.touch);
at("slider").addEventListener("input", (event) => go(Number(event.target.value) - 1));
at("reset").addEventListener("click", verbs.reset);
at("zoom-in").addEventListener("click", () => centred(1.25));
at("zoom-out").addEventListener("click", () => centred(0.8));
at("sharper").addEventListener("click", (event) => {
  state.frugal = !state.frugal;
  event.currentTarget.setAttribute("aria-pressed", String(!state.frugal));
  state.picture = null;
  go(state.place);
});
at("sharper").setAttribute("aria-pressed", String(!state.frugal));
at("key-images").addEventListener("click", () => {
  const marked = state.exam.key_images;
  turnTo(marked[(marked.indexOf(keys(state.series)[state.place]) + 1) % marked.length]);
});
at("facts-toggle").addEventListener("click", () => {
  at("facts").hidden = !at("facts").hidden;
  if (!state.facts.get(state.series)?.length) state.facts.delete(state.series);
  facts();
});
at("touch-mode").addEventListener("click", (event) => {
  state.touch = state.touch === "scroll" ? "window" : "scroll";
  event.currentTarget.setAttribute("aria-pressed", String(state.touch === "window"));
});
document.querySelector(".who form").addEventListener("submit", () => loader.restart(""));
new ResizeObserver(() => redraw()).observe(canvas);
open();
