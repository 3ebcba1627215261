// What is no stack of images: reports as tables, encapsulated PDF, video.

import { ask } from "../../static/loader.js";

export class Documents {
  constructor(place, exam, words) {
    Object.assign(this, { place, exam, words });
    this.title = place.querySelector("h2");
    this.content = place.querySelector(".document-content");
    place.querySelector("button").addEventListener("click", () => this.close());
  }

  get shown() {
    return !this.place.hidden;
  }

  close() {
    this.place.hidden = true;
    this.content.replaceChildren();
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = "";
  }

  async open(series) {
    const one = this.exam.series[series];
    this.close();
    this.title.textContent = [one.modality, one.description].filter(Boolean).join(" · ");
    this.place.hidden = false;
    this.place.dataset.shown = "";
    try {
      if (one.kind === "video") await this.#video(series);
      else if (one.kind === "document") this.#pdf(series);
      else await this.#report(series);
      this.place.dataset.shown = series;
    } catch (error) {
      const told = document.createElement("p");
      told.textContent = this.words[error.code] ?? this.words.web_failed;
      this.content.replaceChildren(told);
    }
  }

  async #video(series) {
    const video = document.createElement("video");
    Object.assign(video, { controls: true, playsInline: true });
    video.src = this.exam.place("document", `${series}/0`);
    this.content.replaceChildren(video);
    await new Promise((done, failed) => {
      video.addEventListener("loadeddata", done);
      video.addEventListener("error", () => failed(Object.assign(new Error("video"), { code: "viewer_codec" })));
    });
  }

  #pdf(series) {
    const frame = document.createElement("iframe");
    frame.src = this.exam.place("document", `${series}/0`);
    frame.title = this.title.textContent;
    const link = document.createElement("a");
    Object.assign(link, { href: frame.src, target: "_blank", rel: "noopener", textContent: this.words.open_apart });
    this.content.replaceChildren(link, frame);
  }

  async #report(series) {
    const count = this.exam.series[series].frames.length;
    const parts = [];
    for (let instance = 0; instance < count; instance += 1) {
      const told = await (await ask(this.exam.place("structured", `${series}/${instance}`))).json();
      parts.push(this.#table(told));
    }
    this.content.replaceChildren(...parts);
  }

  #table({ title, rows }) {
    const part = document.createElement("section");
    const heading = document.createElement("h3");
    heading.textContent = title;
    const table = document.createElement("table");
    for (const { depth, name, value } of rows) {
      const row = table.insertRow();
      const label = document.createElement("th");
      label.scope = "row";
      label.textContent = name;
      label.className = `depth-${Math.min(depth, 6)}`;
      row.append(label);
      row.insertCell().textContent = value;
    }
    part.append(heading, table);
    return part;
  }
}
