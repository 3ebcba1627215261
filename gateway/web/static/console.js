// Keeps the living part of a page fresh: every element with data-refresh is asked for again at that address.
// Stops when nobody touches the page, so that an unattended screen does not keep its session alive; waits while the
// reader is inside with the keyboard or selects text, so that nothing is pulled away.

const EVERY_MS = 5000;
const UNATTENDED_MS = 10 * 60 * 1000;

const part = document.querySelector("[data-refresh]");
const stale = document.getElementById("stale");
const announce = document.getElementById("announce");
let touched = Date.now();
for (const event of ["pointermove", "keydown", "scroll"]) {
  document.addEventListener(event, () => (touched = Date.now()), { passive: true });
}

function busy() {
  const selection = getSelection();
  const inside = part.contains(document.activeElement) && document.activeElement.matches(":focus-visible");
  return inside || (!selection.isCollapsed && part.contains(selection.anchorNode));
}

// What the reader had opened stays open.
function keep(fresh) {
  for (const opened of part.querySelectorAll("details[open][data-keep]")) {
    const same = fresh.querySelector(`details[data-keep="${opened.dataset.keep}"]`);
    if (same) same.open = true;
  }
}

// A state that has changed is said aloud.
function tell(fresh) {
  const before = part.querySelector("[data-announce]");
  const after = fresh.querySelector("[data-announce]");
  if (announce && before && after && before.textContent !== after.textContent) announce.textContent = after.textContent;
}

async function refresh() {
  if (document.hidden || Date.now() - touched > UNATTENDED_MS || busy()) return;
  try {
    const answer = await fetch(part.dataset.refresh, { credentials: "same-origin", cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    keep(fresh);
    tell(fresh);
    part.replaceChildren(...fresh.childNodes);
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  }
}

if (part) {
  setInterval(refresh, EVERY_MS);
  document.addEventListener("visibilitychange", refresh);
}
