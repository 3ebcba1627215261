// The list of series, each with a small picture, which comes when it is seen.

import { ask, Shot } from "./loader.js";
import { paint } from "./picture.js";

const SIDE = 144;
const LISTED = new Set(["images", "document", "video"]);

export class SeriesList {
  // `hooks`: keys(series), choose(series), missed() when a series has no small picture and one of its own is needed.
  constructor(place, base, words, hooks) {
    Object.assign(this, { place, base, words, hooks });
    // Canvases by the key of the image that is to stand for a series.
    this.waiting = new Map();
    this.seen = new IntersectionObserver((entries) => this.#appeared(entries));
  }

  show({ series, version }) {
    this.version = version;
    this.waiting.clear();
    this.place.replaceChildren(...series.filter((one) => LISTED.has(one.kind)).map((one) => this.#item(one)));
    for (const item of this.place.children) if (item.type === "button") this.seen.observe(item);
  }

  mark(series) {
    for (const item of this.place.children) {
      const chosen = Number(item.dataset.series) === series;
      item.setAttribute("aria-current", String(chosen));
      if (chosen) item.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  // Keys of images of which a small picture is made when they are here.
  get wanted() {
    return [...this.waiting.keys()];
  }

  // The image of `key` is here.
  offer(key, picture) {
    const target = this.waiting.get(key);
    if (!target) return;
    this.waiting.delete(key);
    if (picture.bitmap) return void fit(target, picture.bitmap);
    const own = document.createElement("canvas");
    paint(picture, picture.window, own);
    fit(target, own, picture.aspect);
  }

  #item(one) {
    const { base, words } = this;
    const apart = one.kind !== "images";
    const item = document.createElement(apart ? "a" : "button");
    if (apart) Object.assign(item, { href: `${base}/document/${one.index}/0?v=${this.version}`, target: "_blank", rel: "noopener" });
    else item.type = "button";
    item.className = "series-item";
    item.dataset.series = one.index;
    const thumb = document.createElement("canvas");
    thumb.width = thumb.height = SIDE;
    thumb.setAttribute("aria-hidden", "true");
    const label = document.createElement("span");
    label.className = "series-label";
    label.textContent = one.description || `${words.series} ${one.number ?? one.index + 1}`;
    const facts = document.createElement("span");
    facts.className = "series-facts";
    facts.textContent = [one.modality, apart ? words[`kind_${one.kind}`] : this.#count(one)].filter(Boolean).join(" · ");
    item.append(thumb, label, facts);
    if (!apart) item.addEventListener("click", () => this.hooks.choose(one.index));
    return item;
  }

  #count({ index }) {
    const count = this.hooks.keys(index).length;
    return count === 1 ? this.words.one_image : `${count} ${this.words.images}`;
  }

  #appeared(entries) {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting || !target.isConnected) continue;
      this.seen.unobserve(target);
      this.#small(Number(target.dataset.series), target.querySelector("canvas"));
    }
  }

  async #small(series, canvas) {
    try {
      const answer = await ask(`${this.base}/thumbnails/${series}?v=${this.version}`);
      fit(canvas, (await Shot.of(await answer.blob())).bitmap);
    } catch {
      // A series without a small picture: its middle image does, as soon as it is here.
      const all = this.hooks.keys(series);
      this.waiting.set(all[Math.floor(all.length / 2)], canvas);
      this.hooks.missed();
    }
  }
}

// `aspect`: height of a pixel of `own` in units of its width.
function fit(target, own, aspect = 1) {
  const scale = target.width / Math.max(own.width, own.height * aspect);
  const context = target.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.clearRect(0, 0, target.width, target.height);
  const [w, h] = [own.width * scale, own.height * aspect * scale];
  context.drawImage(own, (target.width - w) / 2, (target.height - h) / 2, w, h);
}
