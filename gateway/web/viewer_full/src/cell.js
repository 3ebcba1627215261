// One place of the layout: a stack of images with everything that is written around it.

import * as dicom from "./dicom.js";
import { CAMERA_MODIFIED, IMAGE_RENDERED, imageId, VOI_MODIFIED } from "./engine.js";
import { about } from "./exam.js";
import { Margins } from "./margins.js";
import { drawOverlays, transform } from "./overlays.js";

const WHEEL_STEP = 50;
const SCROLL_STEP = 8;

const make = (name, className, parent) => {
  const element = document.createElement(name);
  element.className = className;
  parent?.append(element);
  return element;
};

export class Cell {
  // `hooks`: activate(cell), failed(cell, error), moved(cell, before), changed(cell), windowed(cell)
  constructor(id, engine, exam, words, hooks) {
    Object.assign(this, { id, engine, exam, words, hooks });
    this.element = make("section", "cell");
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "group");
    this.port = make("div", "port", this.element);
    this.marks = make("canvas", "marks", this.element);
    this.margins = new Margins(this);
    this.busy = make("div", "busy", this.element);
    this.busy.textContent = words.loading;
    this.busy.dataset.slow = words.slow;
    this.busy.hidden = true;
    this.notice = make("div", "notice", this.element);
    this.notice.hidden = true;
    this.slider = make("input", "place", this.element);
    Object.assign(this.slider, { type: "range", min: 1, max: 1, value: 1, hidden: true });
    this.slider.setAttribute("aria-label", words.place);
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value) - 1));
    Object.assign(this, { series: null, index: 0, turn: 0, table: -1, user: null, inverted: false, direction: 1, overlays: true });
    this.#listen();
  }

  // After the element is in the page.
  start() {
    this.viewport = this.engine.open(this.id, this.port);
    for (const event of [IMAGE_RENDERED, CAMERA_MODIFIED, VOI_MODIFIED]) {
      this.port.addEventListener(event, () => this.#told(event === VOI_MODIFIED));
    }
  }

  close() {
    this.stop();
    this.turn += 1;
    this.engine.close(this.id);
    this.element.remove();
  }

  get keys() {
    return this.series === null ? [] : this.exam.keys(this.series);
  }

  get key() {
    return this.keys[this.index];
  }

  get item() {
    const [series, instance] = (this.key ?? "0/0/1").split("/").map(Number);
    return this.exam.item(series, instance);
  }

  get frame() {
    return Number((this.key ?? "0/0/1").split("/")[2]);
  }

  get modality() {
    return this.series === null ? "" : this.exam.series[this.series].modality;
  }

  // The presentation state, where it is about the image.
  get stateHere() {
    const { state } = this;
    return state && about(state.images, this.key) ? state : null;
  }

  async show(series, index = 0) {
    this.stop();
    const mine = (this.turn += 1);
    Object.assign(this, { series, index, user: null, table: -1, inverted: false, stacked: false, state: null });
    const { keys } = this;
    this.slider.max = keys.length;
    this.slider.hidden = keys.length < 2;
    this.notice.hidden = true;
    this.element.classList.remove("leaning-left", "leaning-right");
    this.element.dataset.shown = "";
    this.hooks.changed(this);
    try {
      this.busy.hidden = false;
      const [items] = await Promise.all([this.exam.metadata(series), this.exam.loader.now(keys[index])]);
      if (mine !== this.turn) return;
      const [, instance] = keys[index].split("/").map(Number);
      await this.exam.layers(series, instance);
      if (mine !== this.turn) return;
      if (!dicom.windows(items[instance], 1).length && dicom.voiTables(items[instance]).length) this.table = 0;
      await this.#stack(index, mine);
    } catch (error) {
      if (mine === this.turn) this.#lost(error);
    }
  }

  async #stack(index, mine) {
    const { state, table } = this;
    const stated = (key) => state?.greyscale && about(state.images, key);
    await this.viewport.setStack(this.keys.map((key) => (stated(key) ? imageId(key, -1, state.name) : imageId(key, table))), index);
    if (mine !== this.turn) return;
    this.stacked = true;
    this.viewport.resetCamera();
    this.#window();
    this.#arrived();
    this.hooks.changed(this);
  }

  async go(place) {
    const next = Math.max(0, Math.min(place, this.keys.length - 1));
    if (this.series === null || (next === this.index && this.stacked && this.element.dataset.shown === this.key && this.notice.hidden)) return;
    if (next !== this.index) this.direction = next > this.index ? 1 : -1;
    const before = this.index;
    this.index = next;
    this.slider.value = next + 1;
    const mine = (this.turn += 1);
    const key = this.keys[next];
    this.busy.hidden = this.exam.loader.has(key);
    this.margins.corners();
    try {
      await this.exam.loader.now(key);
      if (mine !== this.turn) return;
      if (!this.stacked) return void (await this.#stack(next, mine));
      await this.viewport.setImageIdIndex(next);
      if (mine !== this.turn) return;
      this.#window();
      this.#arrived();
      this.hooks.moved(this, before);
    } catch (error) {
      if (mine === this.turn) this.#lost(error);
    }
  }

  #arrived() {
    this.busy.hidden = true;
    this.notice.hidden = true;
    this.element.classList.remove("failed");
    this.viewport.render();
    this.element.dataset.shown = this.key;
    this.slider.value = this.index + 1;
    const one = this.exam.series[this.series];
    this.element.setAttribute("aria-label", `${one.description || one.modality}, ${this.words.image} ${this.index + 1} / ${this.keys.length}`);
    this.slider.setAttribute("aria-valuetext", `${this.words.image} ${this.index + 1} / ${this.keys.length}`);
  }

  // An image has not come. What was shown before goes: among the words for another it would be taken for that one.
  #lost(error) {
    if (typeof error !== "string") {
      this.element.classList.add("failed");
      this.element.dataset.shown = "";
    }
    this.hooks.failed(this, error);
  }

  complain(sentence, again) {
    this.busy.hidden = true;
    const told = make("p", "");
    told.textContent = sentence;
    this.notice.replaceChildren(told);
    if (again) {
      const button = make("button", "", this.notice);
      button.type = "button";
      button.textContent = this.words.retry;
      button.addEventListener("click", () => {
        this.notice.hidden = true;
        again();
      });
    }
    this.notice.hidden = false;
  }

  // Windows -----------------------------------------------------------------------------------------------------

  get image() {
    return this.stacked ? this.viewport.getCornerstoneImage() : null;
  }

  get window() {
    const range = this.viewport?.getProperties().voiRange;
    return range ? { centre: (range.lower + range.upper + 1) / 2, width: range.upper - range.lower + 1 } : null;
  }

  // `window`: { centre, width }, or null for the image's own.
  setWindow(window) {
    this.user = window;
    this.#window();
    this.viewport.render();
  }

  async setTable(table) {
    this.user = null;
    this.table = table;
    await this.#stack(this.index, (this.turn += 1));
  }

  #window() {
    const { image } = this;
    if (!image) return;
    const { centre, width } = this.user ?? image.own;
    const voiRange = { lower: centre - 0.5 - (width - 1) / 2, upper: centre - 0.5 + (width - 1) / 2 };
    if (!image.color) this.viewport.setProperties({ voiRange, invert: image.invert !== this.inverted }, true);
    else if (this.user) this.viewport.setProperties({ voiRange }, true);
  }

  // Hand and eye ------------------------------------------------------------------------------------------------

  invert() {
    this.inverted = !this.inverted;
    if (this.image?.color) this.viewport.setProperties({ invert: this.inverted });
    else this.#window();
    this.viewport.render();
  }

  rotate(degrees) {
    const { rotation = 0 } = this.viewport.getViewPresentation();
    this.viewport.setViewPresentation({ ...this.viewport.getViewPresentation(), rotation: (rotation + degrees + 360) % 360 });
    this.viewport.render();
  }

  flip(axis) {
    const { flipHorizontal, flipVertical } = this.viewport.getCamera();
    this.viewport.setCamera(axis === "horizontal" ? { flipHorizontal: !flipHorizontal } : { flipVertical: !flipVertical });
    this.viewport.render();
  }

  zoomBy(factor) {
    this.viewport.setZoom(this.viewport.getZoom() * factor);
    this.viewport.render();
  }

  reset() {
    if (!this.stacked) return;
    const greyscale = this.state?.greyscale;
    this.user = null;
    this.inverted = false;
    this.state = null;
    this.viewport.setViewPresentation({ rotation: 0, flipHorizontal: false, flipVertical: false });
    const { flipHorizontal, flipVertical } = this.viewport.getCamera();
    if (flipHorizontal || flipVertical) this.viewport.setCamera({ flipHorizontal: false, flipVertical: false });
    this.viewport.resetProperties();
    if (greyscale) return void this.#stack(this.index, (this.turn += 1));
    this.viewport.resetCamera();
    this.#window();
    this.viewport.render();
  }

  play() {
    if (this.timer) return this.stop();
    const period = 1000 / (this.rate ?? dicom.rate(this.item));
    const step = () => this.exam.loader.has(this.keys[(this.index + 1) % this.keys.length]) && this.go((this.index + 1) % this.keys.length);
    this.timer = setInterval(step, period);
    this.hooks.changed(this);
    return undefined;
  }

  stop() {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = null;
    this.hooks.changed(this);
  }

  // A presentation state (PS3.3 A.33.1): its grey values for what is shown, its turn, its mirror, its area;
  // its shutters, overlays and annotations are drawn over the image.
  async apply(state) {
    this.state = state;
    const of = ({ images }) => about(images, this.key);
    if (state.greyscale && !this.image.color) {
      this.engine.states.set(state.name, state);
      this.element.dataset.shown = "";
      const mine = (this.turn += 1);
      await this.#stack(this.index, mine);
      if (mine !== this.turn) return;
    } else {
      const window = state.windows.find(of);
      if (window?.width) this.setWindow({ centre: window.centre, width: window.width });
    }
    if (state.mirrored) this.viewport.setCamera({ flipHorizontal: true });
    if (state.rotation) this.rotate(state.rotation);
    const area = state.areas.find(of);
    if (area) this.#frame(area);
    this.viewport.render();
    this.hooks.changed(this);
  }

  // The displayed area of a presentation state (PS3.3 C.10.4) as large as the place allows, in its middle.
  #frame({ left, top, right, bottom }) {
    const to = transform(this, 1);
    if (!to) return;
    const [width, height] = [right - left, bottom - top];
    const across = Math.abs(to[0]) * width + Math.abs(to[2]) * height;
    const down = Math.abs(to[1]) * width + Math.abs(to[3]) * height;
    this.zoomBy(Math.min(this.port.clientWidth / across, this.port.clientHeight / down));
    const zoomed = transform(this, 1);
    const [column, row] = [(left + right) / 2, (top + bottom) / 2];
    const off = [
      zoomed[0] * column + zoomed[2] * row + zoomed[4] - this.port.clientWidth / 2,
      zoomed[1] * column + zoomed[3] * row + zoomed[5] - this.port.clientHeight / 2,
    ];
    this.#shift(off[0], off[1]);
  }

  // The camera moved over the image by so many CSS pixels.
  #shift(across, along) {
    const { right, down } = this.axes();
    const moved = (point) => point.map((part, axis) => part + right[axis] * across + down[axis] * along);
    const { focalPoint, position } = this.viewport.getCamera();
    this.viewport.setCamera({ focalPoint: moved(focalPoint), position: moved(position) });
  }

  // The picture moved so that its chest wall lies at the inner edge (mammography): "left" or "right".
  lean(side) {
    if (!this.stacked) return;
    const { image, viewport } = this;
    const shown = Math.round(this.pixelsOnScreen() * image.columns);
    // What is written goes to the other side.
    this.element.classList.add(`leaning-${side}`);
    const free = ((this.port.clientWidth - shown) / 2) * (side === "right" ? -1 : 1);
    this.#shift(free, 0);
    viewport.render();
  }

  #listen() {
    this.element.addEventListener("pointerdown", () => this.hooks.activate(this), true);
    this.element.addEventListener("focus", () => this.hooks.activate(this));
    this.port.addEventListener("contextmenu", (event) => event.preventDefault());
    let rest = 0;
    this.element.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const pixels = event.deltaY * (event.deltaMode === 0 ? 1 : 40);
        if (event.ctrlKey) return void this.zoomBy(Math.exp(-pixels / 400));
        rest = Math.sign(rest) === Math.sign(pixels) ? rest + pixels : pixels;
        if (Math.abs(rest) < WHEEL_STEP) return;
        this.go(this.index + Math.sign(rest));
        rest = 0;
      },
      { passive: false },
    );
    let from = null;
    this.port.addEventListener("pointerdown", (event) => {
      if (this.engine.held !== "scroll" || event.button !== 0) return;
      from = { y: event.clientY, index: this.index };
      this.port.setPointerCapture(event.pointerId);
    });
    this.port.addEventListener("pointermove", (event) => {
      if (from) this.go(from.index + Math.trunc((event.clientY - from.y) / SCROLL_STEP));
    });
    for (const name of ["pointerup", "pointercancel"]) this.port.addEventListener(name, () => (from = null));
  }

  // What is written around the image ----------------------------------------------------------------------------

  #told(windowed) {
    if (!this.stacked) return;
    if (windowed) this.#handled();
    this.margins.write();
    drawOverlays(this);
  }

  // The hand has moved the window.
  #handled() {
    const { image, window } = this;
    const same = window && image && Math.abs(window.centre - image.own.centre) < 0.01 && Math.abs(window.width - image.own.width) < 0.01;
    this.user = same ? null : window;
    this.hooks.windowed(this);
  }

  #world(x, y) {
    return this.viewport.canvasToWorld([x, y]);
  }

  // The screen's right and down in the patient's space, for one CSS pixel each.
  axes() {
    const from = this.#world(0, 0);
    const step = (to) => to.map((part, axis) => (part - from[axis]) / 100);
    return { right: step(this.#world(100, 0)), down: step(this.#world(0, 100)) };
  }

  pixelsOnScreen() {
    if (!this.image) return 0;
    const { right } = this.axes();
    return this.image.columnPixelSpacing / Math.hypot(...right);
  }
}
