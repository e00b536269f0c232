// Dialogs, menus, and forms that are sent once.
//
// A form marked data-dialog opens its page as a dialog. Without this file the page opens as a page.
//
// The server answers a form sent from a dialog with the page again (a refusal, in place), or with X-Location: where
// to go from here.

let dialog = null;

const sheetOf = (text) => new DOMParser().parseFromString(text, "text/html").querySelector("[data-sheet]");

function fill(sheet) {
  dialog.replaceChildren(sheet);
  const first = sheet.querySelector("[role=alert], [data-told]") ?? sheet.querySelector("[autofocus], input:not([type=hidden]), select, button");
  if (first?.matches("[role=alert], [data-told]")) first.tabIndex = -1;
  first?.focus();
}

async function load(url, options) {
  const asker = dialog;
  let answer;
  let text;
  try {
    answer = await fetch(url, { ...options, headers: { "X-Dialog": "1" } });
    text = await answer.text();
  } catch {
    if (asker.open) complain(options ? UNKNOWN : UNREACHED);
    return;
  }
  // It was closed while the server took its time: what it asked for must not come up in another one.
  if (!asker.open && (!options || dialog.open)) return;
  if (answer.redirected && new URL(answer.url).pathname === "/login") return location.assign(loginAddress());
  if (answer.status === 401) dialog.dataset.ended = "";
  const onward = answer.headers.get("X-Location");
  if (onward) return go(onward);
  if (answer.status === 401) return complain(ENDED);
  if (answer.headers.get("content-type")?.includes("json")) return complain(JSON.parse(text).error);
  const sheet = sheetOf(text);
  if (!sheet) return go(answer.redirected ? answer.url : location.href);
  fill(sheet);
}

// To another row of the page that is there already a browser only moves, and would show nothing new.
function go(address) {
  const to = new URL(address, location.href);
  if (!to.hash || to.pathname + to.search !== location.pathname + location.search) return location.assign(to);
  history.replaceState(null, "", to);
  location.reload();
}

// The session has ended: log in, and come back to this page.
const loginAddress = () => `/login?next=${encodeURIComponent(location.pathname + location.search)}`;

const UNREACHED = "The server cannot be reached. Nothing was sent; try again.";
const UNKNOWN = "The connection to the server was lost before it answered, so this may have been done or not: reload the page and look before you try again.";
const ENDED = "Your session has ended, so nothing was changed. What you typed is still here: log in again in another tab, then press the button once more.";

function complain(sentence, inside = dialog.querySelector(".sheet") ?? dialog) {
  const note = document.createElement("p");
  note.className = "notice bad";
  note.setAttribute("role", "alert");
  note.textContent = sentence;
  if (sentence === ENDED) {
    const login = Object.assign(document.createElement("a"), { href: loginAddress(), target: "_blank", textContent: "Log in" });
    note.append(" ", login);
  }
  inside.querySelector(":scope > [role=alert]")?.remove();
  inside.prepend(note);
  note.tabIndex = -1;
  note.focus();
}

// Before a form is sent that must not be lost with the session: a session that began meanwhile wants a token of its own.
// Returns why the form cannot be sent now, if it cannot.
async function renew(form) {
  let answer;
  try {
    answer = await fetch(location.href, { headers: { "X-Dialog": "1" } });
  } catch {
    return UNREACHED;
  }
  if (answer.redirected && new URL(answer.url).pathname === "/login") return ENDED;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const token = page.querySelector("[name=csrf_token]");
  if (token) form.elements.namedItem("csrf_token").value = token.value;
  return "";
}

async function sendKept(form, button) {
  const refusal = await renew(form);
  form.ariaBusy = null;
  if (refusal) return complain(refusal, form);
  form.dataset.kept = "checked";
  form.requestSubmit(button);
}

async function sendFromDialog(form, button) {
  const asker = dialog;
  const refusal = dialog.dataset.ended === undefined ? "" : await renew(form);
  if (!asker.open) return;
  if (refusal) return complain(refusal);
  delete dialog.dataset.ended;
  const address = button?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href;
  await load(address, { method: "POST", body: new FormData(form, button) });
}

function open(opener) {
  const made = document.createElement("dialog");
  dialog = made;
  made.setAttribute("aria-labelledby", "sheet-title");
  made.addEventListener("close", () => {
    made.remove();
    // What opened the dialog may have been drawn anew meanwhile.
    const again = opener.isConnected ? opener : document.querySelector(`[data-opens="${CSS.escape(opener.dataset.opens)}"]`);
    (again?.closest("details.more")?.querySelector("summary") ?? again)?.focus();
  });
  made.addEventListener("click", (event) => {
    // Beside it. The second click of a double click on what opened it is not meant so.
    if (event.target === made && event.detail === 1) made.close();
  });
  document.body.append(made);
  made.showModal();
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
    sendFromDialog(form, button).finally(() => (form.ariaBusy = null));
  } else if (form.dataset.kept === "") {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    sendKept(form, button);
  } else if (form.method === "post") {
    // A second click must not send a second time.
    if (form.ariaBusy === "true") event.preventDefault();
    form.ariaBusy = "true";
  }
});

window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[aria-busy]").forEach((form) => (form.ariaBusy = null));
  document.querySelectorAll("form[data-kept]").forEach((form) => (form.dataset.kept = ""));
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

// The row that the address names, to which somebody has come back.
function namedRow() {
  const name = location.hash.slice(1);
  const decoded = new URLSearchParams(`name=${name.replaceAll("+", "%2B")}`).get("name");
  const found = document.getElementById(name) ?? document.getElementById(decoded);
  return found?.closest("[data-live-list]") ? found : null;
}

// live.js draws rows anew, and marks them again.
export function markHere(row) {
  row.classList.add("here");
  row.tabIndex = -1;
}

// What was done, or why it was not, is told first, also to whoever does not see the page. Who has come back to a row
// goes on from there, and hears what was done; the notice stays in sight.
const told = document.querySelector("#main > .notice[data-told], #main .notice[role=alert]");
const row = told?.matches("[role=alert]") ? null : namedRow();
if (row) {
  markHere(row);
  row.scrollIntoView({ block: "nearest" });
  row.focus({ preventScroll: true });
  if (told) document.getElementById("announcer").textContent = told.textContent;
} else if (told) {
  told.tabIndex = -1;
  told.focus({ preventScroll: true });
}

// On a phone the menu is wider than the screen.
const strip = document.querySelector(".nav");
const current = strip?.querySelector("[aria-current]");
if (current) strip.scrollLeft = current.offsetLeft - strip.offsetLeft - 40;
