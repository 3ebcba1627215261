// The places of the layout and what is done to them: the toolbar, the keys, comparison, what to fetch ahead.

import { ask, Failed } from "../../static/loader.js";
import { Cell } from "./cell.js";
import { Documents } from "./documents.js";
import { Engine } from "./engine.js";
import { mammography } from "./hanging.js";
import * as dicom from "./dicom.js";
import { presets } from "./presets.js";
import { Toolbar } from "./toolbar.js";
import { nearest } from "./together.js";

const LAYOUTS = { "1x1": [1, 1], "1x2": [1, 2], "2x1": [2, 1], "2x2": [2, 2], "2x3": [2, 3] };
const AHEAD = 40;
const BEHIND = 12;
const BUSY_MS = 1500;

export class Desk {
  constructor(place, exam, shelf, words, { reopen, complain, render }) {
    Object.assign(this, { place, exam, shelf, words, reopen, complain });
    this.engine = new Engine(exam, words, render);
    this.cells = [];
    this.count = 0;
    this.together = false;
    this.documents = new Documents(document.getElementById("document"), exam, words);
    shelf.chosen = (series) => this.choose(series);
    this.toolbar = new Toolbar(document.getElementById("tools"), this, words);
    this.#listen();
  }

  async begin(series) {
    this.layout("1x1");
    if (series === null) return this.choose(this.exam.series[0].index);
    const views = await mammography(this.exam);
    if (views) return this.hang(views);
    await this.active.show(series, this.#keyPlace(series));
    return undefined;
  }

  // Where the key images begin, when the link asked for them.
  #keyPlace(series) {
    const key = this.exam.keyImages.find((one) => Number(one.split("/")[0]) === series);
    return key ? Math.max(this.exam.keys(series).indexOf(key), 0) : 0;
  }

  layout(name) {
    const [rows, columns] = LAYOUTS[name];
    while (this.cells.length > rows * columns) this.cells.pop().close();
    this.place.style.gridTemplate = `repeat(${rows}, minmax(0, 1fr)) / repeat(${columns}, minmax(0, 1fr))`;
    while (this.cells.length < rows * columns) this.#cell();
    this.name = name;
    if (!this.cells.includes(this.active)) this.activate(this.cells[0]);
    this.engine.resize();
    this.toolbar.follow();
  }

  #cell() {
    this.count += 1;
    const cell = new Cell(`cell-${this.count}`, this.engine, this.exam, this.words, {
      activate: (one) => this.activate(one),
      changed: () => this.#changed(),
      windowed: () => this.toolbar.follow(),
      moved: (one, before) => this.#moved(one, before),
      failed: (one, error) => this.#failed(one, error),
    });
    this.place.append(cell.element);
    cell.element.addEventListener("dragover", (event) => event.preventDefault());
    cell.element.addEventListener("drop", (event) => {
      event.preventDefault();
      const series = event.dataTransfer.getData("text/plain").match(/^series:(\d+)$/);
      if (!series) return;
      this.activate(cell);
      this.choose(Number(series[1]));
    });
    cell.start();
    this.cells.push(cell);
  }

  activate(cell) {
    if (this.active === cell) return;
    this.active = cell;
    for (const one of this.cells) one.element.classList.toggle("active", one === cell && this.cells.length > 1);
    this.toolbar.follow();
  }

  choose(series) {
    const { kind } = this.exam.series[series];
    if (kind === "state" || kind === "key_objects") return this.#apply(series);
    if (kind && kind !== "images") return this.documents.open(series, this.active);
    this.documents.close();
    return this.active.show(series, this.#keyPlace(series));
  }

  // A presentation state or a selection of key objects: the images it is about, seen its way. Again: the next of them.
  async #apply(series) {
    const { frames } = this.exam.series[series];
    this.applied = this.applied?.series === series ? { series, instance: (this.applied.instance + 1) % frames.length } : { series, instance: 0 };
    try {
      const { version } = this.exam;
      const told = await (await ask(this.exam.place("state", `${series}/${this.applied.instance}`))).json();
      const state = { ...told, name: `${version}/${series}/${this.applied.instance}` };
      const [of, instance, frame = 1] = (state.images[0] ?? "").split("/").map(Number);
      const key = `${of}/${instance}/${frame}`;
      const index = state.images.length ? this.exam.keys(of).indexOf(key) : -1;
      if (index < 0) throw new Failed("viewer_image_absent");
      this.documents.close();
      const { active } = this;
      await active.show(of, index);
      // Unless the reader has gone on to another image, or this one has not come.
      if (active.element.dataset.shown === key) await active.apply(state);
    } catch (error) {
      this.#failed(this.active, error);
    }
  }

  #changed() {
    this.shelf.mark(this.cells.map((cell) => cell.series));
    this.toolbar.follow();
    this.fetchAhead();
  }

  #moved(cell, before) {
    this.fetchAhead();
    this.toolbar.follow();
    if (!this.together || cell !== this.active) return;
    for (const other of this.cells) {
      if (other !== cell && other.stacked) other.go(nearest(this.exam, cell, other, cell.index - before));
    }
  }

  #failed(cell, error) {
    if (typeof error === "string") return;
    if (error.code === "viewer_exam_changed") return void setTimeout(this.reopen, BUSY_MS);
    const again = () => (cell.stacked ? cell.go(cell.index) : cell.show(cell.series, cell.index));
    if (error.code === "viewer_busy") return void setTimeout(again, BUSY_MS);
    if (["viewer_session_over", "viewer_handle_over"].includes(error.code)) return this.complain(error, this.reopen);
    cell.complain(this.words[error.code] ?? this.words.web_failed, again);
    if (!error.code) console.error("viewer", error.message);
    return undefined;
  }

  fetchAhead() {
    const wanted = [];
    const open = this.cells.filter((cell) => cell.series !== null);
    for (let step = 1; step <= AHEAD; step += 1) {
      for (const { keys, index, direction } of open) {
        wanted.push(keys[index + step * direction]);
        if (step <= BEHIND) wanted.push(keys[index - step * direction]);
      }
    }
    const keys = wanted.filter(Boolean);
    this.exam.loader.want(keys, () => this.#progress(open));
    this.#progress(open);
  }

  #progress(open) {
    const all = open.flatMap((cell) => cell.keys);
    const there = all.filter((key) => this.exam.loader.has(key)).length;
    const bar = document.getElementById("arrived");
    bar.max = all.length || 1;
    bar.value = there;
    bar.title = this.words.arrived.replace("{there}", there).replace("{all}", all.length);
  }

  // Side by side with the series of another study that looks most like the one shown.
  compare() {
    const { exam, active } = this;
    const current = exam.series[active.series ?? 0];
    const likeness = (one) => (one.modality === current.modality) * 4 + (one.body_part === current.body_part) * 2 + (one.description === current.description);
    const others = exam.series.filter((one) => one.study !== current.study && (!one.kind || one.kind === "images"));
    const prior = others.sort((one, other) => likeness(other) - likeness(one))[0];
    this.layout("1x2");
    const [left, right] = this.cells;
    const other = left === active ? right : left;
    if (prior) other.show(prior.index);
    this.together = Boolean(prior);
    this.toolbar.follow();
  }

  hang(views) {
    this.layout(views.length > 2 ? "2x2" : "1x2");
    return Promise.all(views.map(({ series, index, inward }, place) => this.cells[place].show(series, index).then(() => this.cells[place].lean(inward))));
  }

  get presets() {
    return this.active?.image ? presets(this.active, this.words) : [];
  }

  hold(tool) {
    this.engine.hold(tool);
    this.toolbar.follow();
  }

  #listen() {
    new ResizeObserver(() => this.engine.resize()).observe(this.place);
    const page = () => Math.max(Math.round(this.active.keys.length / 10), 1);
    const move = (step) => () => this.active.go(this.active.index + step);
    const series = (step) => () => {
      const all = this.exam.series;
      const next = all[Math.max(0, Math.min((this.active.series ?? 0) + step, all.length - 1))];
      if (next.index !== this.active.series) this.choose(next.index);
    };
    const keys = {
      ArrowUp: move(-1),
      ArrowDown: move(1),
      PageUp: () => this.active.go(this.active.index - page()),
      PageDown: () => this.active.go(this.active.index + page()),
      Home: () => this.active.go(0),
      End: () => this.active.go(Infinity),
      ArrowLeft: series(-1),
      ArrowRight: series(1),
      " ": () => this.active.play(),
      "+": () => this.active.zoomBy(1.25),
      "-": () => this.active.zoomBy(0.8),
      0: () => this.active.reset(),
      i: () => this.active.invert(),
      r: () => this.active.rotate(90),
      h: () => this.active.flip("horizontal"),
      v: () => this.active.flip("vertical"),
      w: () => this.hold("window"),
      p: () => this.hold("pan"),
      z: () => this.hold("zoom"),
      s: () => this.hold("scroll"),
      l: () => this.hold("length"),
      a: () => this.hold("angle"),
      e: () => this.hold("ellipse"),
      c: () => this.compare(),
      Delete: () => this.engine.forgetChosen(),
      Escape: () => (this.documents.shown ? this.documents.close() : this.hold("window")),
    };
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
      // The space bar presses the button that has the focus; a series has been chosen by then, so there it plays.
      if (event.key === " " && event.target.closest("button:not(.series-item), a")) return;
      const preset = /^[1-9]$/.test(event.key) && this.presets[event.key - 1];
      const action = preset ? () => preset.apply() : keys[event.key];
      if (!action || this.active.series === null) return;
      event.preventDefault();
      action();
    });
  }

  get layouts() {
    return Object.keys(LAYOUTS);
  }

  get mayCompare() {
    return this.exam.studies.length > 1;
  }

  get item() {
    return this.active?.item ?? {};
  }

  get loops() {
    return this.active?.keys.length > 1;
  }

  rateOf() {
    return this.active.rate ?? dicom.rate(this.active.item);
  }
}
