// The full viewer's page: who is shown, the series, the first picture; then, and only then, the heavy part.

import { Failed } from "../../static/loader.js";
import { paint } from "../../static/picture.js";
import { Exam } from "./exam.js";
import { introduce } from "./banner.js";
import { Shelf } from "./shelf.js";
import "./full.css";

const body = document.body;
const words = JSON.parse(body.dataset.words);
const at = (id) => document.getElementById(id);
const exam = new Exam(`/viewer/${body.dataset.token}`);
const LOST = new Set(["viewer_session_over", "viewer_handle_over"]);

function complain(error, again) {
  if (typeof error === "string") return;
  const code = error?.code || "web_failed";
  at("notice-text").textContent = words[code] || words.web_failed;
  at("retry").hidden = LOST.has(code);
  at("retry").onclick = () => {
    at("notice").hidden = true;
    again();
  };
  at("notice").hidden = false;
  at("progress").hidden = true;
  if (!(error instanceof Failed)) console.error("viewer", error?.message ?? error);
}

async function firstPicture(series) {
  const canvas = at("first");
  const picture = await exam.loader.now(exam.keys(series)[0]);
  const { columns, rows } = picture.attributes;
  const source = document.createElement("canvas");
  paint(picture, picture.window, source);
  const ratio = window.devicePixelRatio || 1;
  [canvas.width, canvas.height] = [canvas.clientWidth * ratio, canvas.clientHeight * ratio];
  const scale = Math.min(canvas.width / columns, canvas.height / (rows * picture.aspect));
  const [width, height] = [columns * scale, rows * picture.aspect * scale];
  canvas.getContext("2d").drawImage(source, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  canvas.dataset.drawn = "yes";
  performance.mark("first-picture");
}

async function open() {
  try {
    await exam.open();
    introduce(exam, words);
    if (!exam.series.length) throw new Failed("viewer_exam_empty");
    const shelf = new Shelf(at("series"), exam, words);
    const first = exam.series.find((one) => one.kind === "images" || !one.kind);
    // A picture that fails here is asked for again, and its failure told, where it is to be shown.
    if (first) await firstPicture(first.index).catch(() => {});
    const { Desk } = await import("./desk.js");
    const desk = new Desk(at("desk"), exam, shelf, words, { reopen: () => location.reload(), complain, render: new URLSearchParams(location.search).get("render") ?? "" });
    await desk.begin(first?.index ?? null);
    at("first").hidden = true;
    at("progress").hidden = true;
    body.dataset.ready = "yes";
    performance.mark("ready");
  } catch (error) {
    complain(error, open);
  }
}

// The report beside the images where there is room; the link itself opens it apart.
at("report-link")?.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || window.innerWidth < 900) return;
  event.preventDefault();
  const side = at("report");
  side.hidden = !side.hidden;
  if (side.hidden || side.firstChild) return;
  const frame = document.createElement("iframe");
  frame.title = side.getAttribute("aria-label");
  frame.src = event.currentTarget.href;
  side.append(frame);
});
document.querySelector(".who form")?.addEventListener("submit", () => exam.loader.restart(""));
open();
