// Hands on the stage: mouse, pen and fingers to a few verbs. The viewer says what each verb does.
//
// verbs: scroll(steps), window(dx, dy, begin), pan(dx, dy), zoom(factor, x, y), reset()

const WHEEL_STEP = 50;
const TOUCH_STEP = 14;

export function listen(stage, verbs, touchMode) {
  const fingers = new Map();
  let drag = null;
  let rest = 0;

  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  stage.addEventListener("dblclick", () => verbs.reset());

  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === 0 ? 1 : 40);
      if (event.ctrlKey) {
        verbs.zoom(Math.exp(-Math.max(Math.min(pixels, 200), -200) / 400), event.offsetX, event.offsetY);
        return;
      }
      // A notch of a wheel is one image; a touchpad sends many small moves that add up to one.
      rest = Math.sign(rest) === Math.sign(pixels) ? rest + pixels : pixels;
      if (Math.abs(rest) >= WHEEL_STEP) {
        verbs.scroll(Math.sign(rest));
        rest = 0;
      }
    },
    { passive: false },
  );

  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    stage.focus({ preventScroll: true });
    fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    drag = verbOf(event, touchMode());
    rest = 0;
    if (drag === "window") verbs.window(0, 0, true);
    if (event.button === 1) event.preventDefault();
  });

  stage.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.offsetX, y: event.offsetY };
    if (fingers.size === 2) pinch(fingers, event.pointerId, now, verbs);
    else if (fingers.size === 1) move(drag, now.x - before.x, now.y - before.y, now);
    fingers.set(event.pointerId, now);
  });

  for (const end of ["pointerup", "pointercancel"]) {
    stage.addEventListener(end, (event) => {
      fingers.delete(event.pointerId);
      drag = null;
    });
  }

  function move(verb, dx, dy, at) {
    if (verb === "window") verbs.window(dx, dy, false);
    else if (verb === "pan") verbs.pan(dx, dy);
    else if (verb === "zoom") verbs.zoom(Math.exp(-dy / 150), at.x, at.y);
    else if (verb === "scroll") {
      rest += dy;
      const steps = Math.trunc(rest / TOUCH_STEP);
      if (steps) verbs.scroll(steps);
      rest -= steps * TOUCH_STEP;
    }
  }
}

function verbOf(event, touch) {
  if (event.pointerType === "touch") return touch;
  if (event.button === 1 || (event.button === 0 && event.shiftKey)) return "pan";
  return event.button === 2 ? "zoom" : "window";
}

function pinch(fingers, moved, now, verbs) {
  const [other] = [...fingers].filter(([id]) => id !== moved).map(([, at]) => at);
  const before = fingers.get(moved);
  const distance = (at) => Math.max(Math.hypot(at.x - other.x, at.y - other.y), 1);
  verbs.zoom(distance(now) / distance(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
  verbs.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
}
