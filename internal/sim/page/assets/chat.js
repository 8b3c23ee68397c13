// The conversation: messages, their threads, and what the visitor typed.
import {byID, el, mark} from "./dom.js";
import {draw, composed} from "./blocks.js";
import {mrkdwn} from "./mrkdwn.js";
import {clock, fullTime} from "./dates.js";
import {press, send} from "./server.js";
import {ask} from "./confirm.js";

const log = byID("log");
const list = byID("messages");
const newer = byID("newer");

const nodes = new Map(); // key -> {node, said, shown}: what is on the page
const opened = new Set(); // roots whose thread is unfolded
let typed = []; // what was typed here: {key, ts, person, text, state, error}
let failures = new Map(); // message key -> what went wrong with a press on it
let latest = []; // messages as last heard
let names, me;
let count = 0; // messages on the page
let fresh = true; // nothing is marked on the first drawing

// start tells what people and channels are called, and asks who one is.
export function start(context) {
  ({names, me} = context);
  newer.addEventListener("click", () => { toEnd(); log.focus(); });
  log.addEventListener("scroll", () => { if (atEnd()) newer.hidden = true; });
}

// switched empties the conversation: another person sees other messages.
export function switched() {
  typed = [];
  nodes.clear();
  list.replaceChildren();
  latest = [];
  count = 0;
  fresh = true;
}

// show draws the messages as they are now.
export function show(messages) {
  latest = messages;
  draft();
  fresh = false;
}

// say sends a command and keeps it in view with what became of it.
export async function say(person, text) {
  const line = {key: "typed-" + Date.now(), ts: String(Date.now() / 1000), person, text, state: "sending"};
  typed.push(line);
  draft();
  toEnd();
  try {
    await send(person, text);
    line.state = "sent";
  } catch (error) {
    line.state = "failed";
    line.error = error.message;
  }
  draft();
}

const keyOf = (message) => message.ts + (message.ephemeral ? "e" : "");
const isReply = (message) => message.thread_ts && message.thread_ts !== message.ts;

function draft() {
  const follow = fresh || atEnd();
  const roots = new Set(latest.filter((message) => !isReply(message)).map((message) => message.ts));
  const threads = Map.groupBy(latest.filter((message) => isReply(message) && roots.has(message.thread_ts)), (message) => message.thread_ts);
  const top = [
    ...latest.filter((message) => !isReply(message) || !roots.has(message.thread_ts)),
    ...typed,
  ].sort((a, b) => Number(a.ts) - Number(b.ts));
  const kept = new Set();
  const items = top.map((item) => {
    const thread = threads.get(item.ts) ?? [];
    const key = item.key ?? keyOf(item);
    kept.add(key);
    const said = JSON.stringify([item, thread]);
    const shown = said + opened.has(item.ts) + failures.get(key);
    return place(key, said, shown, () => item.key ? typedLine(item) : message(item, thread));
  });
  for (const key of nodes.keys()) if (!kept.has(key)) nodes.delete(key);
  arrange(items);
  byID("empty").hidden = top.length > 0;
  if (follow) toEnd();
  else if (items.length > count) newer.hidden = false;
  count = items.length;
}

// place draws again only what differs from what is on the page, and marks it
// when what was said differs.
function place(key, said, shown, make) {
  const old = nodes.get(key);
  if (old?.shown === shown) return old.node;
  const node = make();
  mark(node, "message " + key, !fresh && old?.said !== said && !key.startsWith("typed-"));
  if (old) swap(old.node, node);
  nodes.set(key, {node, said, shown});
  return node;
}

// swap keeps the keyboard where it was, also when its button is gone.
function swap(old, node) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(node);
  if (!focused) return;
  const same = [...node.querySelectorAll("button")].find((button) =>
    button.dataset.action === focused.dataset.action && button.className === focused.className);
  (same ?? node.querySelector("article")).focus();
}

function arrange(items) {
  items.forEach((item, at) => {
    if (list.children[at] !== item) list.insertBefore(item, list.children[at] ?? null);
  });
  while (list.children.length > items.length) list.lastChild.remove();
}

const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 80;

function toEnd() {
  log.scrollTop = log.scrollHeight;
  newer.hidden = true;
}

function typedLine(line) {
  return el("li", {class: `typed ${line.state}`},
    el("p", {}, el("span", {class: "who"}, line.person), " ", el("code", {}, line.text),
      line.state === "sending" && el("span", {class: "wait"}, " sending…")),
    line.error && el("p", {class: "problem", role: "alert"}, line.error));
}

function message(item, thread) {
  const key = keyOf(item);
  const by = names.author(item.user);
  const article = el("article", {tabindex: "-1", "aria-label": `${by.name}, ${clock(item.ts)}`},
    el("header", {},
      avatar(by),
      el("span", {class: "name"}, by.name), by.bot && el("span", {class: "badge"}, "app"),
      el("time", {datetime: new Date(Number(item.ts) * 1000).toISOString(), title: fullTime(item.ts)}, clock(item.ts)),
      item.edited && el("span", {class: "edited"}, "(edited)"),
      item.channel && item.channel !== names.here && el("span", {class: "edited"}, elsewhere(item.channel)),
      item.ephemeral && el("span", {class: "only-you"}, "only you can see this")),
    el("div", {class: "body"}, content(item)),
    failures.has(key) && el("p", {class: "problem", role: "alert"}, failures.get(key)));
  return el("li", {class: item.ephemeral ? "message ephemeral" : "message", data: {ts: item.ts}}, article, thread.length > 0 && replies(item, thread));
}

const elsewhere = (channel) => channel.startsWith("D") ? "in a direct message" : `in #${names.channel(channel)}`;

function avatar(by) {
  if (by.bot) return el("img", {class: "avatar", src: "/assets/icon.svg", alt: "", width: 24, height: 24});
  return el("span", {class: `avatar person-${by.at % 6}`, "aria-hidden": "true"}, by.name.slice(0, 1).toUpperCase());
}

function content(item) {
  const blocks = Array.isArray(item.blocks) ? item.blocks : [];
  if (!blocks.length) return el("div", {class: "b-text"}, mrkdwn(item.text ?? "", names));
  return draw(blocks, names, (element, block, button) => pressed(item, element, block, button));
}

function replies(root, thread) {
  const open = opened.has(root.ts);
  const label = thread.length === 1 ? "1 reply" : `${thread.length} replies`;
  const toggle = el("button", {type: "button", class: "thread-toggle", "aria-expanded": String(open), data: {action: "thread"}},
    label, el("span", {class: "quiet"}, ` last at ${clock(thread.at(-1).ts)}`));
  toggle.addEventListener("click", () => {
    opened.has(root.ts) ? opened.delete(root.ts) : opened.add(root.ts);
    draft();
  });
  return el("div", {class: "thread"}, toggle,
    open && el("ol", {}, thread.map((reply) => el("li", {class: reply.ephemeral ? "reply ephemeral" : "reply", title: fullTime(reply.ts)},
      el("div", {class: "body"}, content(reply))))));
}

async function pressed(item, element, block, button) {
  if (button.getAttribute("aria-disabled") === "true") return;
  if (element.confirm && !await ask(element.confirm, (text) => composed(text, {names}))) return;
  const key = keyOf(item);
  failures.delete(key);
  button.setAttribute("aria-disabled", "true");
  button.classList.add("pressed");
  try {
    await press({user: me(), message_ts: item.ts, action_id: element.action_id, block_id: block.block_id});
  } catch (error) {
    failures.set(key, error.message);
  }
  button.removeAttribute("aria-disabled");
  button.classList.remove("pressed");
  draft();
}
