// Dialogs, menus, and forms that are sent once.
//
// A form marked data-dialog opens its page as a dialog. Without this file the page opens as a page.
//
// The server answers a form sent from a dialog with the page again (a refusal, in place), or with X-Location: where
// to go from here.

document.documentElement.classList.add("js");

let dialog = null;

const sheetOf = (text) => new DOMParser().parseFromString(text, "text/html").querySelector("[data-sheet]");

function fill(sheet) {
  dialog.replaceChildren(sheet);
  const first = sheet.querySelector("[role=alert], [data-told]") ?? sheet.querySelector("[autofocus], input:not([type=hidden]), select, button");
  if (first?.matches("[role=alert], [data-told]")) first.tabIndex = -1;
  first?.focus();
}

async function load(url, options) {
  let answer;
  try {
    answer = await fetch(url, { ...options, headers: { "X-Dialog": "1" } });
  } catch {
    return complain("The server cannot be reached. Nothing was sent; try again.");
  }
  if (answer.redirected && new URL(answer.url).pathname === "/login") return location.assign(loginAddress());
  const onward = answer.headers.get("X-Location");
  if (onward) return location.assign(onward);
  if (answer.headers.get("content-type")?.includes("json")) return complain((await answer.json()).error);
  const sheet = sheetOf(await answer.text());
  if (!sheet) return location.assign(answer.redirected ? answer.url : location.href);
  fill(sheet);
}

// The session has ended: log in, and come back to this page.
const loginAddress = () => `/login?next=${encodeURIComponent(location.pathname + location.search)}`;

function complain(sentence) {
  const note = document.createElement("p");
  note.className = "notice bad";
  note.setAttribute("role", "alert");
  note.textContent = sentence;
  dialog.querySelector(".sheet > [role=alert]")?.remove();
  (dialog.querySelector(".sheet") ?? dialog).prepend(note);
}

function open(opener) {
  dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "sheet-title");
  dialog.addEventListener("close", () => {
    dialog.remove();
    // What opened the dialog may have been drawn anew meanwhile.
    const again = opener.isConnected ? opener : document.querySelector(`[data-opens="${CSS.escape(opener.dataset.opens)}"]`);
    (again?.closest("details.more")?.querySelector("summary") ?? again)?.focus();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (form.matches("[data-dialog]")) {
    event.preventDefault();
    closeOthers(document.body);
    open(button);
    load(`${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`);
  } else if (dialog?.contains(form)) {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    load(button?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href, {
      method: "POST",
      body: new FormData(form, button),
    }).finally(() => (form.ariaBusy = null));
  } else if (form.method === "post") {
    // A second click must not send a second time.
    if (form.ariaBusy === "true") event.preventDefault();
    form.ariaBusy = "true";
  }
});

window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[aria-busy]").forEach((form) => (form.ariaBusy = null));
});

document.addEventListener("click", (event) => {
  if (dialog?.open && event.target.closest("[data-close]")) {
    event.preventDefault();
    dialog.close();
  }
});

// Buttons behind "More": one such list is open at a time, and Escape or a click elsewhere closes it.
function closeOthers(kept) {
  for (const more of document.querySelectorAll("details.more[open]")) {
    if (!more.contains(kept)) more.open = false;
  }
}

document.addEventListener("click", (event) => closeOthers(event.target));
document.addEventListener("toggle", (event) => {
  if (event.target.matches("details.more[open]")) event.target.lastElementChild.scrollIntoView({ block: "nearest" });
}, true);
document.addEventListener("focusin", (event) => closeOthers(event.target));
document.addEventListener("keydown", (event) => {
  const more = event.key === "Escape" && !dialog?.open && event.target.closest("details.more[open]");
  if (!more) return;
  more.open = false;
  more.querySelector("summary").focus();
});

// What was done, or why it was not, is told first, also to whoever does not see the page.
const told = document.querySelector("#main > .notice[data-told], #main .notice[role=alert]");
if (told) {
  told.tabIndex = -1;
  told.focus({ preventScroll: true });
}

// On a phone the menu is wider than the screen.
const strip = document.querySelector(".nav");
const current = strip?.querySelector("[aria-current]");
if (current) strip.scrollLeft = current.offsetLeft - strip.offsetLeft - 40;
