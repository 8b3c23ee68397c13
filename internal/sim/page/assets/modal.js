// The dialogs that the bot opens for a person: what Slack calls modals. Of their
// blocks it draws sections, and inputs of plain text.
import {byID, el} from "./dom.js";
import {composed} from "./blocks.js";
import {close, submit} from "./server.js";

const dialog = byID("modal"), form = dialog.querySelector("form"), said = byID("modal-said");
let shown = ""; // the view that is drawn
let me, names;

// start tells who one is, and what people and channels are called.
export function start(context) {
  ({me, names} = context);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(form));
    await tell(() => submit({user: me(), view_id: shown, values}));
  });
  byID("modal-close").addEventListener("click", leave);
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); leave(); });
}

const leave = () => tell(() => close({user: me(), view_id: shown}));

async function tell(ask) {
  try {
    said.textContent = "";
    await ask();
  } catch (error) {
    said.textContent = error.message;
  }
}

// show draws the visible one of a person's dialogs, or none.
export function show(views) {
  const view = views.at(-1);
  if (!view) {
    shown = "";
    dialog.close();
    return;
  }
  if (view.id === shown) return;
  shown = view.id;
  byID("modal-title").textContent = view.title;
  byID("modal-submit").textContent = view.submit || "Submit";
  byID("modal-submit").hidden = !view.submit;
  byID("modal-close").textContent = view.close || "Cancel";
  byID("modal-blocks").replaceChildren(...view.blocks.map(part));
  if (!dialog.open) dialog.showModal();
}

function part(block) {
  if (block.type === "section") return el("p", {}, composed(block.text, {names}));
  if (block.type !== "input") return el("p", {class: "b-unknown"}, `(this page cannot draw “${block.type}”)`);
  const {action_id: name, max_length: maxlength, placeholder} = block.element;
  const field = el("input", {name, maxlength, placeholder: placeholder?.text, required: !block.optional, autocomplete: "off"});
  return el("label", {class: "field"}, composed(block.label, {names}), field);
}
