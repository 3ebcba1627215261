// Keeps the table of the console fresh. Stops when nobody touches the page, so that an unattended screen does not
// keep its session alive.

const EVERY_MS = 5000;
const UNATTENDED_MS = 10 * 60 * 1000;

const table = document.getElementById("rows");
const stale = document.getElementById("stale");
let touched = Date.now();
for (const event of ["pointermove", "keydown", "scroll"]) {
  document.addEventListener(event, () => (touched = Date.now()), { passive: true });
}

async function refresh() {
  if (document.hidden || Date.now() - touched > UNATTENDED_MS) return;
  try {
    const answer = await fetch(`/console/rows${location.search}`, { credentials: "same-origin", cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    table.replaceChildren(...fresh.body.childNodes);
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  }
}

setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
