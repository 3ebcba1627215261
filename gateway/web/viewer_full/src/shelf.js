// The series on the left, each with a small picture; dragged or clicked into a place of the layout.

import { paint } from "../../static/picture.js";

const SIDE = 144;

export class Shelf {
  constructor(place, exam, words) {
    Object.assign(this, { place, exam, words, chosen: () => {} });
    this.waiting = new Map();
    this.seen = new IntersectionObserver((entries) => this.#appeared(entries));
    const items = [];
    let study = null;
    for (const one of [...exam.series].sort((a, b) => a.study - b.study || a.index - b.index)) {
      if (exam.studies.length > 1 && one.study !== study) items.push(this.#heading(one.study));
      study = one.study;
      items.push(this.#item(one));
    }
    place.replaceChildren(...items);
  }

  #heading(study) {
    const heading = document.createElement("h2");
    const { date_told: date, description } = this.exam.studies[study];
    heading.textContent = [date, description].filter(Boolean).join(" · ");
    return heading;
  }

  #item(one) {
    const { words, exam } = this;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "series-item";
    button.dataset.series = one.index;
    button.draggable = true;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE;
    canvas.setAttribute("aria-hidden", "true");
    const label = document.createElement("span");
    label.className = "series-label";
    label.textContent = one.description || `${words.series} ${one.number ?? one.index + 1}`;
    const facts = document.createElement("span");
    facts.className = "series-facts";
    const picture = !one.kind || one.kind === "images";
    const count = exam.keys(one.index).length;
    const told = picture ? (count === 1 ? words.one_image : `${count} ${words.images}`) : words[`kind_${one.kind}`];
    facts.textContent = [one.modality, told].filter(Boolean).join(" · ");
    button.append(canvas, label, facts);
    button.addEventListener("click", () => this.chosen(one.index));
    button.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData("text/plain", `series:${one.index}`);
      event.dataTransfer.effectAllowed = "copy";
    });
    if (picture) {
      this.waiting.set(one.index, canvas);
      this.seen.observe(button);
    } else {
      sign(canvas, one.modality);
    }
    return button;
  }

  #appeared(entries) {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      this.seen.unobserve(target);
      this.#draw(Number(target.dataset.series));
    }
  }

  async #draw(series) {
    const canvas = this.waiting.get(series);
    const { exam } = this;
    try {
      const answer = await fetch(`${exam.base}/thumbnails/${series}?v=${exam.version}`, { credentials: "same-origin" });
      if (!answer.ok) throw new Error("none");
      fit(canvas, await createImageBitmap(await answer.blob()));
    } catch {
      // A gateway or a series without a thumbnail: its middle frame does.
      const keys = exam.keys(series);
      const picture = await exam.loader.now(keys[Math.floor(keys.length / 2)]).catch(() => null);
      if (!picture) return;
      const source = document.createElement("canvas");
      paint(picture, picture.window, source);
      fit(canvas, source);
    }
  }

  mark(shown) {
    for (const item of this.place.querySelectorAll(".series-item")) {
      item.setAttribute("aria-current", String(shown.includes(Number(item.dataset.series))));
    }
  }
}

function fit(canvas, source) {
  const scale = Math.min(canvas.width / source.width, canvas.height / source.height);
  const [width, height] = [source.width * scale, source.height * scale];
  canvas.getContext("2d").drawImage(source, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
}

function sign(canvas, modality) {
  const context = canvas.getContext("2d");
  context.fillStyle = "#1c2731";
  context.fillRect(0, 0, SIDE, SIDE);
  context.fillStyle = "#94a5b2";
  context.font = "600 34px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(modality || "?", SIDE / 2, SIDE / 2);
}
