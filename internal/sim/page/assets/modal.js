// The dialogs that the bot opens for a person: what Slack calls modals. What was
// filled in stays when the bot changes the dialog.
import {byID, el} from "./dom.js";
import {draw} from "./blocks.js";
import {field} from "./fields.js";
import {close, press, submit, suggest} from "./server.js";

const dialog = byID("modal"), form = dialog.querySelector("form"), said = byID("modal-said");
let shown = "", drawn = ""; // the view's ID, and all of it as it was drawn
let inputs = new Map(); // block ID -> {block, node, value, blame}
let me, names;

// start tells who one is, and what people and channels are called.
export function start(context) {
  ({me, names} = context);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await tell(() => submit({user: me(), view_id: shown, values: values()}));
  });
  byID("modal-close").addEventListener("click", leave);
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); leave(); });
}

const leave = () => tell(() => close({user: me(), view_id: shown}));
const values = () => Object.fromEntries([...inputs.values()].map(({block, value}) => [block.element.action_id, value()]).filter(([, value]) => value !== undefined));

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
    [shown, drawn, inputs] = ["", "", new Map()];
    dialog.close();
    return;
  }
  const whole = JSON.stringify(view);
  if (whole === drawn) return;
  if (view.id !== shown) inputs = new Map();
  [shown, drawn] = [view.id, whole];
  byID("modal-title").textContent = view.title;
  byID("modal-submit").textContent = view.submit || "Submit";
  byID("modal-submit").hidden = !view.submit;
  byID("modal-close").textContent = view.close || "Cancel";
  arrange(byID("modal-blocks"), view.blocks.map((block) => part(block, view)));
  for (const [id, input] of inputs) input.blame(view.errors?.[id] ?? "");
  if (!dialog.open) dialog.showModal();
}

// arrange leaves nodes that stay where they are, so that the keyboard stays too.
function arrange(parent, nodes) {
  for (const old of [...parent.children]) if (!nodes.includes(old)) old.remove();
  nodes.forEach((node, at) => { if (parent.children[at] !== node) parent.insertBefore(node, parent.children[at] ?? null); });
}

function part(block, view) {
  if (block.type !== "input") return el("div", {class: "modal-part"}, draw([block], names, (element) => pressed(view, element, block)));
  const kept = inputs.get(block.block_id);
  if (kept && JSON.stringify(kept.block) === JSON.stringify(block)) return kept.node;
  const made = field(block, {
    names,
    changed: () => block.dispatch_action && pressed(view, block.element, block),
    search: async (value) => (await suggest({user: me(), view_id: view.id, action_id: block.element.action_id, block_id: block.block_id, value})).options,
  });
  inputs.set(block.block_id, {block, ...made});
  return made.node;
}

const pressed = (view, element, block) => tell(() =>
  press({user: me(), view_id: view.id, action_id: element.action_id, block_id: block.block_id, values: values()}));
