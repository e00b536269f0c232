// The activation code: fetched when somebody asks for it, shown while they hold the button, and then forgotten.
//
// A short press leaves it open, for SHOWN_MS at most; so does the keyboard. Leaving the button or the window hides it.

const SHOWN_MS = 10000;
const HOLD_MS = 350;
const MASK = "••••••";

let panel = null; // the one that shows, or is about to show, a code
let timer = 0;
let pressedAt = 0;

const part = (of, name) => of.querySelector(`[data-code-${name}]`);

function say(of, sentence) {
  part(of, "said").textContent = sentence;
}

async function fetched(of) {
  const form = of.querySelector("form[data-code]");
  let answer;
  try {
    answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Dialog": "1" } });
  } catch {
    throw new Error("The server cannot be reached; try again.");
  }
  const kind = answer.headers.get("content-type") ?? "";
  if (!kind.includes("json")) throw new Error("Your session has ended; log in again.");
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told.code;
}

function hide() {
  if (!panel) return;
  clearTimeout(timer);
  part(panel, "value").textContent = MASK;
  part(panel, "value").setAttribute("aria-label", "hidden");
  part(panel, "show").textContent = "Hold to show";
  part(panel, "show").setAttribute("aria-pressed", "false");
  panel = null;
}

async function show(of) {
  hide();
  panel = of;
  say(of, "");
  try {
    const code = await fetched(of);
    if (panel !== of) return; // let go meanwhile
    part(of, "value").textContent = code;
    part(of, "value").setAttribute("aria-label", [...code].join(" "));
    part(of, "show").textContent = "Hide";
    part(of, "show").setAttribute("aria-pressed", "true");
    timer = setTimeout(hide, SHOWN_MS);
  } catch (error) {
    hide();
    say(of, error.message);
  }
}

async function copy(of) {
  try {
    const code = await fetched(of);
    await navigator.clipboard.writeText(code);
    say(of, "The code is on the clipboard.");
  } catch (error) {
    say(of, error instanceof DOMException || !navigator.clipboard
      ? "This browser does not let the page copy; show the code and copy it by hand."
      : error.message);
  }
}

// A finger that stays on the button asks for no menu.
document.addEventListener("contextmenu", (event) => {
  if (event.target.closest("[data-code-show]")) event.preventDefault();
});

const panelOf = (event, name) => event.target.closest(`[data-code-${name}]`)?.closest("[data-code-panel]");

document.addEventListener("pointerdown", (event) => {
  const of = event.button === 0 ? panelOf(event, "show") : null;
  if (!of) return;
  if (panel === of) {
    pressedAt = 0;
    hide();
  } else {
    pressedAt = event.timeStamp;
    show(of);
  }
});

for (const end of ["pointerup", "pointercancel"]) {
  document.addEventListener(end, (event) => {
    if (pressedAt && event.timeStamp - pressedAt > HOLD_MS) hide();
    pressedAt = 0;
  });
}

document.addEventListener("click", (event) => {
  const copied = panelOf(event, "copy");
  if (copied) copy(copied);
  // detail is 0 where a key, and no pointer, pressed the button.
  const shown = event.detail === 0 ? panelOf(event, "show") : null;
  if (shown) panel === shown ? hide() : show(shown);
});

document.addEventListener("focusout", (event) => {
  if (panel && event.target === part(panel, "show")) hide();
});
window.addEventListener("blur", hide);
window.addEventListener("pagehide", hide);
document.addEventListener("visibilitychange", hide);
document.addEventListener("close", hide, true);

// Only from here on do the buttons do anything, so only now are they seen.
document.documentElement.classList.add("js");
