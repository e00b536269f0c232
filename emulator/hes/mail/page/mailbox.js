"use strict";

// Everything from a mail is put in as text; its HTML is shown by a frame without scripts and with an origin of its own.
const byId = (id) => document.getElementById(id);
const PARTS = ["html", "text", "source"];
const EVERY = 1000;
const SILENT = "The mailbox does not answer; is it still running?";
let shown = "";
let listed = null;

async function look() {
  try {
    const answer = await fetch("/api/messages");
    const text = await answer.text();
    byId("state").textContent = "Live";
    const dropped = Number(answer.headers.get("x-dropped"));
    byId("dropped").hidden = dropped === 0;
    byId("dropped").textContent = `Too much came: older mails that are gone: ${dropped}.`;
    if (text !== listed) {
      listed = text;
      show(JSON.parse(text));
    }
  } catch {
    byId("state").textContent = SILENT;
  }
  setTimeout(look, EVERY);
}

function show(messages) {
  const count = messages.length;
  document.title = count ? `(${count}) Mailbox - hideez-bench` : "Mailbox - hideez-bench";
  byId("empty").hidden = count > 0;
  byId("clear").disabled = count === 0;
  byId("list").replaceChildren(...messages.map(entry));
  if (!messages.some((message) => message.id === shown)) {
    shown = "";
    byId("message").hidden = true;
    if (count) open(messages[0]);
  }
}

function entry(message) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.id = message.id;
  button.textContent = message.subject || "(no subject)";
  for (const line of [message.to.join(", "), new Date(message.at).toLocaleString()]) {
    const span = document.createElement("span");
    span.textContent = line;
    button.append(span);
  }
  button.addEventListener("click", () => open(message));
  button.setAttribute("aria-current", String(message.id === shown));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

async function open(message) {
  shown = message.id;
  for (const button of byId("list").querySelectorAll("button")) {
    button.setAttribute("aria-current", String(button.dataset.id === shown));
  }
  const address = `/api/messages/${encodeURIComponent(message.id)}`;
  let whole;
  let source;
  try {
    [whole, source] = await Promise.all([
      fetch(address).then((answer) => answer.json()),
      fetch(`${address}/source`).then((answer) => answer.text()),
    ]);
  } catch {
    byId("state").textContent = SILENT;
    setTimeout(() => shown === message.id && open(message), EVERY);
    return;
  }
  if (shown !== message.id || whole.error) return;
  byId("subject").textContent = whole.subject || "(no subject)";
  byId("from").textContent = whole.from;
  byId("to").textContent = whole.to.join(", ");
  byId("at").textContent = new Date(whole.at).toLocaleString();
  byId("text").textContent = whole.text;
  byId("source").textContent = source;
  byId("html").src = `${address}/html`;
  byId("tab-html").disabled = !whole.html;
  byId("tab-text").disabled = !whole.text;
  byId("message").hidden = false;
  turnTo(whole.html ? "html" : whole.text ? "text" : "source");
}

function turnTo(part) {
  for (const other of PARTS) {
    byId(other).hidden = other !== part;
    byId(`tab-${other}`).setAttribute("aria-selected", String(other === part));
  }
}

for (const part of PARTS) byId(`tab-${part}`).addEventListener("click", () => turnTo(part));
byId("clear").addEventListener("click", () =>
  fetch("/api/messages", { method: "DELETE" }).catch(() => (byId("state").textContent = SILENT)),
);
look();
