// Cornerstone, fed by the gateway: images, what is known of them, and the tools of the hand.

import * as core from "@cornerstonejs/core";
import * as tools from "@cornerstonejs/tools";
import * as dicom from "./dicom.js";
import { greyscaleOf, unitsOf } from "./greyscale.js";
import { imageOf } from "./image.js";
import { lines } from "./measures.js";

const SCHEME = "frame";
const GROUP = "hands";
const { MouseBindings, KeyboardBindings } = tools.Enums;
const TOOLS = {
  window: tools.WindowLevelTool,
  pan: tools.PanTool,
  zoom: tools.ZoomTool,
  length: tools.LengthTool,
  angle: tools.AngleTool,
  cobb: tools.CobbAngleTool,
  ellipse: tools.EllipticalROITool,
  rectangle: tools.RectangleROITool,
  probe: tools.ProbeTool,
  arrow: tools.ArrowAnnotateTool,
};
export const MEASURES = ["length", "angle", "cobb", "ellipse", "rectangle", "probe"];

// `table`: which of the image's VOI tables is applied; `state`: the name of a presentation state that is.
export const imageId = (key, table = -1, state = "") => `${SCHEME}:${key}${table < 0 ? "" : `/${table}`}${state && `@${state}`}`;
const read = (id) => {
  const [place, state = ""] = id.slice(SCHEME.length + 1).split("@");
  const [series, instance, frame, table] = place.split("/").map(Number);
  return { key: `${series}/${instance}/${frame}`, series, instance, frame, table: table ?? -1, state };
};

// `exam`: the Exam; `wanted`: "gpu", "cpu" or "" for what suits this machine.
export class Engine {
  constructor(exam, words, wanted = "") {
    this.exam = exam;
    this.states = new Map();
    core.init();
    const software = core.getRenderingCapabilities().softwareRasterizer;
    if (wanted === "cpu" || (wanted !== "gpu" && software)) core.setUseCPURendering(true);
    this.processor = core.getShouldUseCPURendering();
    tools.init();
    core.cache.setMaxCacheSize(exam.loader.budget);
    core.imageLoader.registerImageLoader(SCHEME, (id) => ({ promise: this.#load(id) }));
    core.metaData.addProvider((type, id) => (String(id).startsWith(`${SCHEME}:`) ? this.#known(type, id) : undefined), 1000);
    this.rendering = new core.RenderingEngine("full");
    this.group = tools.ToolGroupManager.createToolGroup(GROUP);
    for (const [name, Tool] of Object.entries(TOOLS)) {
      tools.addTool(Tool);
      const told = MEASURES.includes(name) ? { getTextLines: lines(name, words, (id) => this.about(id)) } : {};
      if (name === "arrow") told.getTextCallback = (done) => done(window.prompt(words.arrow_text) ?? "");
      if (name === "zoom") Object.assign(told, { zoomToCenter: false, pan: true, minZoomScale: 0.05, maxZoomScale: 60 });
      this.group.addTool(Tool.toolName, told);
    }
    this.hold("window");
  }

  async #load(id) {
    const { key, series, instance, frame, table, state } = read(id);
    const [picture, items] = await Promise.all([this.exam.loader.now(key), this.exam.metadata(series)]);
    await this.exam.layers(series, instance);
    const item = items[instance] ?? {};
    const image = imageOf(id, picture, item, frame, this.exam.series[series].modality, dicom.voiTables(item)[table], greyscaleOf(this.states.get(state), key));
    const { spacing, slope, intercept } = picture.attributes;
    this.exam.remember(key, { bits: image.bits, photometric: image.photometricInterpretation, spacing, slope, intercept });
    return image;
  }

  // What a distance on this image means: { row, column, at } or null.
  measured(id) {
    const { key, series, instance, frame } = read(id);
    return dicom.spacing(this.exam.item(series, instance), frame, this.exam.series[series].modality, this.exam.known(key)?.spacing);
  }

  // What a measure on this image is to say: what distances and values mean.
  about(id) {
    const { key, series, instance, table, state } = read(id);
    const [item, { modality }] = [this.exam.item(series, instance), this.exam.series[series]];
    const stated = greyscaleOf(this.states.get(state), key);
    // What a table has made of a value is a brightness.
    const shades = table >= 0 || stated?.voi?.table || stated?.presentation;
    const units = stated ? unitsOf(stated, item, modality, this.exam.known(key)) : dicom.units(item, modality);
    return { spacing: this.measured(id), units: shades ? "" : units };
  }

  #known(type, id) {
    const { key, series, instance, frame } = read(id);
    const item = this.exam.item(series, instance);
    const { modality } = this.exam.series[series];
    const image = core.cache.getImage(id);
    if (type === "generalSeriesModule") return { modality, seriesInstanceUID: `${series}`, seriesNumber: this.exam.series[series].number };
    if (type === "imagePlaneModule") return this.#plane(item, key, frame, modality, id);
    if (type === "imagePixelModule") {
      const colour = image?.color;
      return {
        photometricInterpretation: image?.photometricInterpretation ?? "MONOCHROME2",
        samplesPerPixel: colour ? 3 : 1,
        bitsAllocated: colour ? 8 : 16,
        bitsStored: colour ? 8 : 16,
        highBit: colour ? 7 : 15,
        pixelRepresentation: image?.getPixelData() instanceof Int16Array ? 1 : 0,
        rows: image?.rows,
        columns: image?.columns,
      };
    }
    if (type === "calibratedPixelSpacing" || type === "calibrationModule") return this.exam.calibration(series, instance);
    if (type === "voiLutModule") return image && { windowCenter: [image.windowCenter], windowWidth: [image.windowWidth] };
    return undefined;
  }

  #plane(item, key, frame, modality, id) {
    const place = dicom.plane(item, frame);
    const spacing = this.measured(id);
    const along = place?.along ?? [1, 0, 0];
    const down = place?.down ?? [0, 1, 0];
    return {
      frameOfReferenceUID: dicom.frameOfReference(item) || `none-${key}`,
      imageOrientationPatient: [...along, ...down],
      rowCosines: along,
      columnCosines: down,
      imagePositionPatient: place?.position ?? [0, 0, 0],
      pixelSpacing: spacing ? [spacing.row, spacing.column] : undefined,
      rowPixelSpacing: spacing?.row,
      columnPixelSpacing: spacing?.column,
      sliceThickness: dicom.thickness(item, frame) ?? undefined,
      // Without a spacing distances are in pixels; Cornerstone takes that from this word alone.
      usingDefaultValues: spacing ? undefined : true,
      ...(spacing ? {} : { rowPixelSpacing: 1, columnPixelSpacing: 1 }),
    };
  }

  open(id, element) {
    this.rendering.enableElement({ viewportId: id, type: core.Enums.ViewportType.STACK, element, defaultOptions: { background: [0, 0, 0] } });
    this.group.addViewport(id, "full");
    return this.rendering.getViewport(id);
  }

  close(id) {
    this.group.removeViewports("full", id);
    this.rendering.disableElement(id);
  }

  // Which tool the left button holds; the middle one moves, the right one zooms.
  hold(name) {
    this.held = name;
    const primary = { mouseButton: MouseBindings.Primary };
    for (const [other, Tool] of Object.entries(TOOLS)) {
      const bindings = [];
      if (other === name) bindings.push(primary, { numTouchPoints: 1 });
      if (other === "pan") bindings.push({ mouseButton: MouseBindings.Auxiliary }, { mouseButton: MouseBindings.Primary, modifierKey: KeyboardBindings.Shift });
      if (other === "zoom") bindings.push({ mouseButton: MouseBindings.Secondary }, { numTouchPoints: 2 });
      if (bindings.length) this.group.setToolActive(Tool.toolName, { bindings });
      else if (MEASURES.includes(other) || other === "arrow") this.group.setToolPassive(Tool.toolName, { removeAllBindings: true });
      else this.group.setToolDisabled(Tool.toolName);
    }
  }

  forgetMeasures() {
    tools.annotation.state.removeAllAnnotations();
    this.rendering.render();
  }

  forgetChosen() {
    for (const id of tools.annotation.selection.getAnnotationsSelected()) tools.annotation.state.removeAnnotation(id);
    this.rendering.render();
  }

  resize() {
    this.rendering.resize(true, true);
  }
}

export const { IMAGE_RENDERED, STACK_NEW_IMAGE, VOI_MODIFIED, CAMERA_MODIFIED } = core.Enums.Events;
