// The fields of a dialog: Block Kit's input blocks. Each is {node, value, blame}.
import {el} from "./dom.js";
import {composed} from "./blocks.js";

let count = 0; // of fields, for their IDs

// field makes the field of an input block. context.changed is called when it has
// changed, context.search returns what may be chosen behind a text.
export function field(block, context) {
  const id = `field-${++count}`;
  const make = makers[block.element.type] ?? unknown;
  const {node, control, value} = make(block, context, id);
  const hint = block.hint && el("p", {class: "hint", id: id + "-hint"}, composed(block.hint, context));
  const problem = el("p", {class: "problem", id: id + "-problem", role: "alert"});
  control.setAttribute("aria-describedby", `${hint ? hint.id + " " : ""}${problem.id}`);
  const label = [composed(block.label, context), block.optional && el("span", {class: "quiet"}, " (optional)")];
  const whole = control.tagName === "FIELDSET"
    ? (control.prepend(el("legend", {}, label)), el("div", {class: "field"}, node, hint, problem))
    : el("div", {class: "field"}, el("label", {for: control.id}, label), node, hint, problem);
  const blame = (text) => {
    problem.textContent = text;
    text ? control.setAttribute("aria-invalid", "true") : control.removeAttribute("aria-invalid");
  };
  return {node: whole, value, blame};
}

const makers = {plain_text_input: line, static_select: select, checkboxes: boxes, multi_external_select: searched, external_select: searched};

function unknown(block, _, id) {
  const node = el("p", {class: "b-unknown", id}, `(this page cannot draw “${block.element.type}”)`);
  return {node, control: node, value: () => undefined};
}

function line(block, _, id) {
  const {action_id: name, max_length: maxlength, placeholder, initial_value: value} = block.element;
  const node = el("input", {id, name, maxlength, value, placeholder: placeholder?.text, required: !block.optional, autocomplete: "off"});
  return {node, control: node, value: () => node.value || undefined};
}

function select(block, context, id) {
  const {action_id: name, options, initial_option: initial} = block.element;
  const node = el("select", {id, name, on: {change: context.changed}}, options.map((option) =>
    el("option", {value: option.value, selected: option.value === initial?.value}, option.text.text)));
  return {node, control: node, value: () => node.value || undefined};
}

function boxes(block, context, id) {
  const {action_id: name, options} = block.element;
  const node = el("fieldset", {id, class: "boxes"}, options.map((option) => el("label", {},
    el("input", {type: "checkbox", name, value: option.value, on: {change: context.changed}}), " ", composed(option.text, context))));
  const ticked = () => [...node.querySelectorAll("input:checked")].map((box) => box.value);
  return {node, control: node, value: () => ticked().length ? ticked() : undefined};
}

// searched is a combobox over what the bot suggests, with what is chosen beside it.
function searched(block, context, id) {
  const several = block.element.type.startsWith("multi_");
  const most = several ? block.element.max_selected_items ?? 100 : 1;
  const chosen = new Map(); // value -> text
  let offered = [], at = -1, asked = 0;
  let chose = false; // the key that chose is still down: it submits nothing
  const list = el("ul", {id: id + "-list", role: "listbox", "aria-label": block.label.text, hidden: true});
  const chips = el("ul", {class: "chips", "aria-label": "Chosen"});
  const input = el("input", {
    id, role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false",
    placeholder: block.element.placeholder?.text, autofocus: block.element.focus_on_load,
    on: {
      input: look, click: look, blur: shut, keydown, keyup: () => { chose = false; },
      keypress: (event) => { if (chose && event.key === "Enter") event.preventDefault(); },
    },
  });

  async function look() {
    const mine = ++asked;
    const found = await context.search(input.value).catch(() => []);
    if (mine !== asked || document.activeElement !== input) return;
    offered = found.filter((option) => !chosen.has(option.value));
    at = -1;
    list.replaceChildren(...(offered.length ? offered.map(row) : [el("li", {class: "none"}, "No agents found")]));
    open(true);
  }

  function row(option, each) {
    return el("li", {role: "option", id: `${id}-${each}`, "aria-selected": "false", on: {mousedown: (event) => { event.preventDefault(); choose(each); }}},
      option.text, option.about && el("span", {class: "quiet"}, " " + option.about));
  }

  function open(yes) {
    list.hidden = !yes;
    input.setAttribute("aria-expanded", String(yes));
    if (!yes) input.removeAttribute("aria-activedescendant");
  }

  function shut() { asked++; open(false); }

  function move(step) {
    if (!offered.length) return;
    at = (at + step + offered.length + (at < 0 && step < 0 ? 1 : 0)) % offered.length;
    [...list.children].forEach((option, each) => option.setAttribute("aria-selected", String(each === at)));
    list.children[at].scrollIntoView({block: "nearest"});
    input.setAttribute("aria-activedescendant", `${id}-${at}`);
  }

  function choose(each) {
    if (chosen.size >= most) return;
    const option = offered[each];
    chosen.set(option.value, option.text);
    input.value = "";
    changed();
    shut();
  }

  function drop(value) {
    chosen.delete(value);
    changed();
    input.focus();
  }

  function changed() {
    input.setCustomValidity(chosen.size || block.optional ? "" : "Choose at least one.");
    chips.replaceChildren(...[...chosen].map(([value, text]) => el("li", {}, text, " ",
      el("button", {type: "button", "aria-label": `Remove ${text}`, on: {click: () => drop(value)}}, "×"))));
    context.changed();
  }

  function keydown(event) {
    if (event.isComposing) return;
    const showing = !list.hidden;
    switch (event.key) {
      case "ArrowDown": event.preventDefault(); showing ? move(1) : look(); break;
      case "ArrowUp": event.preventDefault(); if (showing) move(-1); break;
      case "Enter":
        if (showing && (at >= 0 || input.value && offered.length)) { event.preventDefault(); chose = true; choose(Math.max(at, 0)); }
        break;
      case "Escape": if (showing) { event.preventDefault(); event.stopPropagation(); shut(); } break;
      case "Backspace": if (!input.value && chosen.size) drop([...chosen.keys()].at(-1)); break;
    }
  }

  input.setCustomValidity(block.optional ? "" : "Choose at least one.");
  const node = el("div", {class: "search"}, chips, el("div", {class: "line"}, input, list));
  return {node, control: input, value: () => chosen.size ? (several ? [...chosen.keys()] : [...chosen.keys()][0]) : undefined};
}
