// What the server has news of is drawn anew: each element marked data-live is taken from a fresh copy of the page.
//
// The stream says only that something changed. While it is lost, a notice says so; the browser connects again by itself.

const TOGETHER_MS = 150; // news that come together are drawn together

const RETRY_MS = 5000;

import { markHere } from "./page.js";

let source = null;
let retry = 0;
let timer = 0;
let drawing = false;
let again = false;

const stale = () => document.getElementById("stale");
const NO_NEWS = stale().querySelector("[data-said]").textContent;
const announcer = () => document.getElementById("announcer");

// Names of what may have the focus in a part that is drawn anew.
function nameOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  if (element.dataset.opens) return `[data-opens="${CSS.escape(element.dataset.opens)}"]`;
  if (element.matches("details[id] > summary")) return `#${CSS.escape(element.parentElement.id)} > summary`;
  if (element.matches("a")) return `a[href="${CSS.escape(element.getAttribute("href"))}"]`;
  return null;
}

function swap(old, fresh) {
  // What somebody has opened stays open.
  old.querySelectorAll("details[open]").forEach((open) => {
    const same = fresh.querySelector(`#${CSS.escape(open.id)}`);
    if (same) same.open = true;
  });
  // So does the mark of the row to which somebody has come back.
  const here = document.querySelector(".here");
  const same = here && (fresh.id === here.id ? fresh : fresh.querySelector(`#${CSS.escape(here.id)}`));
  if (same && old.contains(here)) markHere(same);
  if (old.outerHTML === fresh.outerHTML) return;
  // What is pressed at this moment would not be clicked when it is let go.
  if (old.matches(":active")) return soon();
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const name = focused && nameOf(focused);
  old.replaceWith(fresh);
  if (old.dataset.status && fresh.dataset.status !== old.dataset.status) {
    announcer().textContent = `${fresh.dataset.name} is now ${fresh.dataset.status}.`;
    fresh.classList.add("changed");
  }
  if (focused) (focused === here && same || name && fresh.querySelector(name) || fresh.querySelector("a, button") || document.getElementById("main")).focus();
}

const rows = (of) => [...of.querySelectorAll("[data-live]")].map((element) => element.id).join("\n");

async function draw() {
  if (drawing) {
    again = true;
    return;
  }
  drawing = true;
  try {
    const answer = await fetch(location.href, { headers: { "X-Dialog": "1" } });
    if (new URL(answer.url).pathname === "/login") return ended();
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const old = (fresh) => document.getElementById(fresh.id);
    for (const list of page.querySelectorAll("[data-live-list]")) {
      // Where rows came or went, or have no names, the whole list is exchanged.
      if (old(list) && (!rows(list) || rows(list) !== rows(old(list)))) swap(old(list), list);
    }
    for (const fresh of page.querySelectorAll("[data-live]")) {
      if (old(fresh)) swap(old(fresh), fresh);
    }
  } catch {
    // The stream, which uses the same way, says that the server is out of reach.
  } finally {
    drawing = false;
    if (again) {
      again = false;
      draw();
    }
  }
}

function soon() {
  timer ||= setTimeout(() => {
    timer = 0;
    draw();
  }, TOGETHER_MS);
}

function listen() {
  const opened = new EventSource("/events");
  source = opened;
  opened.addEventListener("open", () => {
    stale().hidden = true;
    stale().querySelector("[data-said]").textContent = NO_NEWS;
    stale().querySelector("a").hidden = true;
    draw(); // what happened meanwhile
  });
  opened.addEventListener("changed", soon);
  opened.addEventListener("ended", ended);
  opened.addEventListener("error", () => {
    if (opened !== source) return; // closed by ourselves
    stale().hidden = false;
    if (opened.readyState !== EventSource.CLOSED) return; // it tries again by itself
    draw(); // tells whether it is the session that has ended
    retry = setTimeout(listen, RETRY_MS);
  });
}

function ended() {
  deaf();
  stale().hidden = false;
  stale().querySelector("[data-said]").textContent = "Your session has ended. Log in again to go on.";
  const login = stale().querySelector("a");
  login.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
  // What was typed and not sent yet would be lost with this page.
  login.target = document.querySelector("[data-kept], dialog[open]") ? "_blank" : "";
  login.hidden = false;
}

function deaf() {
  clearTimeout(retry);
  source?.close();
  source = null;
}

// A browser opens few connections to one server: pages that nobody looks at hold none.
function follow() {
  deaf();
  if (!document.hidden) listen();
}

document.addEventListener("visibilitychange", follow);
window.addEventListener("pageshow", follow);
window.addEventListener("pagehide", deaf);
