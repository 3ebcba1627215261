// The buttons; each says by aria-pressed what is on.

const TOOLS = ["window", "scroll", "pan", "zoom", "length", "angle", "cobb", "ellipse", "rectangle", "probe", "arrow"];

export class Toolbar {
  constructor(place, desk, words) {
    Object.assign(this, { place, desk, words });
    place.replaceChildren();
    this.held = this.#group(words.tools_hand, TOOLS.map((name) => [name, words[`tool_${name}`], () => desk.hold(name)]));
    this.acts = this.#group(words.tools_image, [
      ["rotate", words.rotate, () => desk.active.rotate(90)],
      ["mirror", words.mirror, () => desk.active.flip("horizontal")],
      ["flip", words.flip, () => desk.active.flip("vertical")],
      ["invert", words.invert, () => desk.active.invert()],
      ["overlays", words.overlays, () => this.#overlays()],
      ["play", words.play, () => desk.active.play()],
      ["forget", words.forget, () => desk.engine.forgetMeasures()],
      ["reset", words.reset, () => desk.active.reset()],
    ]);
    this.layouts = this.#group(words.tools_layout, [
      ["together", words.together, () => {
        desk.together = !desk.together;
        this.follow();
      }],
      ["compare", words.compare, () => desk.compare()],
    ]);
    this.layout = this.#select(this.layouts, words.tools_layout, (name) => desk.layout(name));
    this.layout.replaceChildren(...desk.layouts.map((name) => new Option(name.replace("x", " × "), name)));
    this.windows = this.#group(words.tools_window, []);
    this.preset = this.#select(this.windows, words.tools_window, (index) => desk.presets[index]?.apply());
    this.rate = this.#rate();
  }

  #group(label, buttons) {
    const group = document.createElement("div");
    group.className = "group";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", label);
    group.append(...buttons.map((told) => this.#button(...told)));
    this.place.append(group);
    return group;
  }

  #button(name, label, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.tool = name;
    button.textContent = label;
    button.addEventListener("click", () => {
      act();
      this.follow();
    });
    return button;
  }

  #select(group, label, act) {
    const wrap = document.createElement("label");
    const select = document.createElement("select");
    wrap.append(`${label} `, select);
    select.addEventListener("change", () => {
      act(select.value);
      select.blur();
      this.follow();
    });
    group.prepend(wrap);
    return select;
  }

  #rate() {
    const label = document.createElement("label");
    label.className = "rate";
    const input = document.createElement("input");
    Object.assign(input, { type: "number", min: 1, max: 60, value: 10 });
    input.addEventListener("change", () => {
      const { active } = this.desk;
      active.rate = Math.min(Math.max(Number(input.value) || 10, 1), 60);
      if (active.timer) {
        active.stop();
        active.play();
      }
    });
    label.append(input, this.words.per_second);
    this.acts.append(label);
    return { label, input };
  }

  #overlays() {
    for (const cell of this.desk.cells) {
      cell.overlays = !cell.overlays;
      cell.viewport.render();
    }
  }

  follow() {
    const { desk, words } = this;
    if (!desk.active || !this.rate) return;
    const press = (group, name, on) => group.querySelector(`[data-tool="${name}"]`).setAttribute("aria-pressed", String(on));
    for (const name of TOOLS) press(this.held, name, desk.engine.held === name);
    this.layout.value = desk.name;
    press(this.layouts, "together", desk.together);
    this.layouts.querySelector('[data-tool="compare"]').hidden = !desk.mayCompare;
    this.layouts.querySelector('[data-tool="together"]').hidden = desk.cells.length < 2;
    press(this.acts, "invert", desk.active.inverted);
    press(this.acts, "overlays", desk.active.overlays);
    const play = this.acts.querySelector('[data-tool="play"]');
    play.textContent = desk.active.timer ? words.pause : words.play;
    play.hidden = this.rate.label.hidden = !desk.loops;
    if (document.activeElement !== this.rate.input) this.rate.input.value = desk.rateOf();
    this.#presets();
  }

  #presets() {
    const offered = this.desk.presets;
    this.windows.hidden = !offered.length;
    const told = JSON.stringify(offered.map(({ name }) => name));
    if (told !== this.told) {
      this.told = told;
      const numbered = offered.map(({ name }, index) => new Option(index < 9 ? `${index + 1}  ${name}` : name, index));
      this.preset.replaceChildren(...numbered, new Option(this.words.by_hand, "hand"));
    }
    const on = offered.findIndex((one) => one.on);
    this.preset.value = on < 0 ? "hand" : String(on);
  }
}
