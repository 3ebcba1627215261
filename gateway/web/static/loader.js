// Frames from the gateway: the one looked at first, the others ahead of the reader, few at a time, within a budget.

import { NotDrawable, Picture } from "./picture.js";

const PARALLEL = 4;
// Longer than the gateway waits for a silent PACS (30 s), so that its sentence comes and not one on the network.
const PATIENCE_MS = 45000;
const ALONE = new Set(["viewer_codec", "viewer_image_absent", "viewer_pixels", "viewer_pacs_refused"]);
const MEBIBYTE = 1024 * 1024;

export class Failed extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

export async function ask(url, signal) {
  let answer;
  try {
    answer = await fetch(url, { credentials: "same-origin", cache: "no-store", signal });
  } catch (error) {
    if (signal?.aborted && signal.reason !== "late") throw error;
    throw new Failed("viewer_network");
  }
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Failed(told.code || "web_failed");
  }
  return answer;
}

// A picture that the gateway drew for this screen: nothing can be measured on it.
export class Shot {
  static async of(blob) {
    const bitmap = await createImageBitmap(blob).catch(() => {
      throw new NotDrawable(blob.type);
    });
    return new Shot(bitmap, blob.size);
  }

  constructor(bitmap, size) {
    this.bitmap = bitmap;
    this.size = size;
    this.bytes = bitmap.width * bitmap.height * 4;
    this.attributes = { rows: bitmap.height, columns: bitmap.width, windows: [], spacing: null };
    this.aspect = 1;
    this.grey = false;
  }
}

export class Loader {
  constructor(base) {
    this.base = base;
    this.version = "";
    this.budget = ((navigator.deviceMemory || 4) <= 2 ? 96 : 320) * MEBIBYTE;
    this.kept = new Map();
    this.size = 0;
    this.running = new Map();
    this.ahead = [];
  }

  // Forget everything: the list of images has changed.
  restart(version) {
    for (const { controller } of this.running.values()) controller.abort("restart");
    this.running.clear();
    this.kept.clear();
    this.size = 0;
    this.ahead = [];
    this.version = version;
  }

  has(key) {
    return this.kept.has(key);
  }

  // The picture of `key`, before everything that is only fetched ahead: "series/instance/frame" for the pixels as they
  // are, with "?" and a query of `rendered` behind it for a small picture of them.
  async now(key) {
    const there = this.kept.get(key);
    if (there) {
      this.kept.delete(key);
      this.kept.set(key, there);
      return there;
    }
    if (!this.running.has(key) && this.running.size >= PARALLEL) this.#giveWay();
    return this.#start(key).promise;
  }

  // What to fetch when there is room, the most wanted first. `done(key, picture)` is told of each.
  want(keys, done = () => {}) {
    this.ahead = keys;
    this.done = done;
    this.#pump();
  }

  #giveWay() {
    for (const [key, { controller }] of this.running) {
      if (!this.ahead.includes(key)) {
        controller.abort("overtaken");
        this.running.delete(key);
        return;
      }
    }
  }

  #pump() {
    // What is wanted must fit, or fetching one would push out another that is wanted as well.
    const typical = this.kept.size ? this.size / this.kept.size : 0;
    let planned = 0;
    for (const key of this.ahead) {
      planned += this.kept.get(key)?.bytes ?? typical;
      if (this.running.size >= PARALLEL || planned > this.budget * 0.75) return;
      if (this.kept.has(key) || this.running.has(key)) continue;
      this.#start(key).promise.then(
        (picture) => this.done(key, picture),
        // A frame that fails ahead is asked for again when it is looked at; the reason is shown then. Where more
        // than that one frame is wrong, nothing is fetched ahead until something works again.
        (error) => {
          this.ahead = ALONE.has(error.code) ? this.ahead.filter((other) => other !== key) : [];
          this.#pump();
        },
      );
    }
  }

  #start(key) {
    const there = this.running.get(key);
    if (there) return there;
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort("late"), PATIENCE_MS);
    const promise = this.#fetch(key, controller.signal).finally(() => {
      clearTimeout(timer);
      if (this.running.get(key)?.controller === controller) this.running.delete(key);
      queueMicrotask(() => this.#pump());
    });
    promise.catch(() => {});
    const started = { controller, promise };
    this.running.set(key, started);
    return started;
  }

  async #fetch(key, signal) {
    const { version } = this;
    const [place, query] = key.split("?");
    const small = query !== undefined;
    const path = small ? `rendered/${place}?${query}&v=${version}` : `frames/${place}?v=${version}`;
    const answer = await ask(`${this.base}/${path}`, signal);
    let picture;
    try {
      if (small) picture = await Shot.of(await answer.blob());
      else picture = new Picture(JSON.parse(answer.headers.get("Frame-Attributes")), await answer.arrayBuffer());
    } catch (error) {
      if (signal.aborted && signal.reason !== "late") throw error;
      throw new Failed(error instanceof NotDrawable ? "viewer_pixels" : "viewer_network");
    }
    if (version === this.version) this.#keep(key, picture);
    return picture;
  }

  #keep(key, picture) {
    this.kept.set(key, picture);
    this.size += picture.bytes;
    for (const [oldest, old] of this.kept) {
      if (this.size <= this.budget || oldest === key) return;
      this.kept.delete(oldest);
      this.size -= old.bytes;
    }
  }
}
