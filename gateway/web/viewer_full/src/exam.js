// The examination behind the handle: its list, what is known of each image, its frames.

import { ask, Loader } from "../../static/loader.js";
import * as dicom from "./dicom.js";

// Whether what names these images is about the image `key`: whole instances or single frames are named, or nothing, which is all.
export const about = (images, key) => !images.length || images.includes(key) || images.includes(key.split("/", 2).join("/"));

export class Exam {
  constructor(base) {
    this.base = base;
    this.loader = new Loader(base);
    this.series = [];
    this.told = new Map();
    this.items = new Map();
    this.facts = new Map();
    this.calibrations = new Map();
    this.keysOf = new Map();
  }

  async open() {
    const read = await (await ask(`${this.base}/exam.json`)).json();
    Object.assign(this, { patient: read.patient, study: read.study, studies: read.studies ?? [read.study], report: read.report });
    this.series = read.series;
    this.version = read.version;
    this.keyImages = read.key_images ?? [];
    this.keyImagesOnly = Boolean(read.key_images_only);
    for (const map of [this.told, this.items, this.facts, this.calibrations, this.keysOf]) map.clear();
    this.loader.restart(read.version);
  }

  // "series/instance/frame" of every picture of a series, in order.
  keys(series) {
    if (!this.keysOf.has(series)) {
      const { frames } = this.series[series];
      const all = frames.flatMap((count, instance) => Array.from({ length: count }, (_, frame) => `${series}/${instance}/${frame + 1}`));
      const marked = this.keyImagesOnly ? all.filter((key) => this.keyImages.includes(key)) : [];
      this.keysOf.set(series, marked.length ? marked : all);
    }
    return this.keysOf.get(series);
  }

  // DICOM JSON of every instance of a series; asked for once.
  metadata(series) {
    if (!this.told.has(series)) {
      const asked = ask(`${this.base}/metadata/${series}?v=${this.version}`)
        .then((answer) => answer.json())
        .then((items) => {
          this.items.set(series, items);
          return items;
        });
      asked.catch(() => this.told.delete(series));
      this.told.set(series, asked);
    }
    return this.told.get(series);
  }

  // What is too large to come with the rest: overlay planes, lookup tables. Comes by instance, when it is looked at.
  async layers(series, instance) {
    const item = this.item(series, instance);
    if (item.whole || !dicom.wantsLayers(item)) return;
    const more = await (await ask(this.place("layers", `${series}/${instance}`))).json();
    Object.assign(item, more, { whole: true });
  }

  item(series, instance) {
    return this.items.get(series)?.[instance] ?? {};
  }

  remember(key, facts) {
    this.facts.set(key, facts);
  }

  known(key) {
    return this.facts.get(key);
  }

  // The same object each time: Cornerstone takes another for another calibration.
  calibration(series, instance) {
    const key = `${series}/${instance}`;
    if (!this.items.has(series)) return undefined;
    if (!this.calibrations.has(key)) {
      const regions = dicom.ultrasoundRegions(this.item(series, instance));
      this.calibrations.set(key, regions.length ? { sequenceOfUltrasoundRegions: regions } : undefined);
    }
    return this.calibrations.get(key);
  }

  place(name, path) {
    return `${this.base}/${name}/${path}?v=${this.version}`;
  }
}
