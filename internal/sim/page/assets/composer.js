// The command line: who one is, recall, completion, sending.
import {byID, el, keep} from "./dom.js";
import {candidates, common} from "./completion.js";

const field = byID("command");
const list = byID("suggestions");
const people = [...document.querySelectorAll("#people input")];

let history = keep.get("history", []);
let recalled = history.length;
let draft = "";
let cycle = null; // {before, after, words, at} while Tab goes through candidates

export const person = () => people.find((radio) => radio.checked).value;

// become chooses who one is.
export function become(name) {
  const radio = people.find((each) => each.value === name);
  if (!radio || radio.checked) return;
  radio.checked = true;
  radio.dispatchEvent(new Event("change", {bubbles: true}));
}

// fill puts a command on the line for the visitor, who presses Enter.
export function fill(text) {
  field.value = text;
  closeList();
  field.focus();
  field.setSelectionRange(text.length, text.length);
}

// start wires the line: submit(person, text) sends, switched(name) follows the
// switch, vocabulary() gives {verbs, agents} for completion: the grammar, and the cluster.
export function start({submit, switched, vocabulary}) {
  become(keep.get("person", person()));
  byID("people").addEventListener("change", () => {
    keep.set("person", person());
    switched(person());
  });
  byID("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return field.focus();
    remember(text);
    field.value = "";
    closeList();
    submit(person(), text);
  });
  field.addEventListener("input", closeList);
  field.addEventListener("blur", closeList);
  field.addEventListener("keydown", (event) => onKey(event, vocabulary));
  document.addEventListener("keydown", focusOnSlash);
  document.addEventListener("keyup", () => { slashed = false; });
  document.addEventListener("keypress", (event) => { if (slashed && event.key === "/") event.preventDefault(); });
}

let slashed = false; // the key that focused the line is still down: it types nothing

function focusOnSlash(event) {
  const typing = event.target.closest?.("input:not([type=radio]), textarea, select, dialog");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  slashed = true;
  document.dispatchEvent(new CustomEvent("show-pane", {detail: "chat"}));
  field.focus();
}

function onKey(event, vocabulary) {
  if (event.isComposing) return;
  switch (event.key) {
    case "Tab": if (complete(event.shiftKey ? -1 : 1, vocabulary())) event.preventDefault(); break;
    case "ArrowUp": event.preventDefault(); cycle ? move(-1) : recall(-1); break;
    case "ArrowDown": event.preventDefault(); cycle ? move(1) : recall(1); break;
    case "Escape": event.preventDefault(); cycle ? closeList() : field.blur(); break;
  }
}

function remember(text) {
  history = [...history.filter((each) => each !== text), text].slice(-50);
  recalled = history.length;
  keep.set("history", history);
}

function recall(step) {
  if (recalled === history.length) draft = field.value;
  recalled = Math.min(Math.max(recalled + step, 0), history.length);
  field.value = history[recalled] ?? draft;
  field.setSelectionRange(field.value.length, field.value.length);
}

// complete tells whether there was something to complete; else Tab moves on.
function complete(step, vocabulary) {
  if (cycle) return move(step);
  if (step < 0 || !field.value) return false;
  const caret = field.selectionStart;
  const {start: from, words} = candidates(field.value.slice(0, caret), vocabulary);
  const typed = field.value.slice(from, caret);
  if (!words.length || (words.length === 1 && words[0] === typed && field.value[caret])) return false;
  if (words.length === 1) {
    insert(from, caret, words[0] + (field.value[caret] === " " ? "" : " "));
    return true;
  }
  const shared = common(words);
  insert(from, caret, shared);
  openList({before: field.value.slice(0, from), after: field.value.slice(from + shared.length), words, at: -1});
  return true;
}

function insert(from, to, word) {
  field.value = field.value.slice(0, from) + word + field.value.slice(to);
  field.setSelectionRange(from + word.length, from + word.length);
}

function openList(next) {
  cycle = next;
  list.replaceChildren(...next.words.map((word, at) => el("li", {
    role: "option", id: `suggestion-${at}`, "aria-selected": "false",
    on: {mousedown: (event) => { event.preventDefault(); choose(at); closeList(); }},
  }, word)));
  list.hidden = false;
  field.setAttribute("aria-expanded", "true");
}

function move(step) {
  choose((cycle.at + step + cycle.words.length + (cycle.at < 0 && step < 0 ? 1 : 0)) % cycle.words.length);
  return true;
}

function choose(at) {
  cycle.at = at;
  field.value = cycle.before + cycle.words[at] + (cycle.after || " ");
  const caret = cycle.before.length + cycle.words[at].length + (cycle.after ? 0 : 1);
  field.setSelectionRange(caret, caret);
  [...list.children].forEach((option, each) => option.setAttribute("aria-selected", String(each === at)));
  list.children[at].scrollIntoView({block: "nearest"});
  field.setAttribute("aria-activedescendant", `suggestion-${at}`);
}

function closeList() {
  cycle = null;
  list.hidden = true;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}
