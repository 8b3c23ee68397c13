// The bot's Home tab: a page of its own for each person, beside the messages.
import {byID, el, announce} from "./dom.js";
import {draw, composed} from "./blocks.js";
import {openHome, press} from "./server.js";
import {ask} from "./confirm.js";

const page = byID("home"), body = byID("home-blocks"), said = byID("home-said");
const choices = [...document.querySelectorAll("#surface input")];
let view = null, drawn = "";
let me, names;

// start tells who one is, and what people and channels are called.
export function start(context) {
  ({me, names} = context);
  byID("surface").addEventListener("change", () => choose(chosen()));
}

const chosen = () => choices.find((radio) => radio.checked).value;

// leave shows the messages.
export function leave() {
  if (chosen() !== "messages") choose("messages");
}

function choose(surface) {
  choices.find((radio) => radio.value === surface).checked = true;
  document.body.dataset.surface = surface;
  page.hidden = surface !== "home";
  byID("log").hidden = !page.hidden;
  if (!page.hidden) open();
}

// switched opens another person's tab, where one is shown.
export function switched() {
  [view, drawn] = [null, ""];
  body.replaceChildren();
  if (!page.hidden) open();
}

const open = () => tell(async () => show(await openHome(me())));

async function tell(what) {
  said.textContent = "";
  try {
    await what();
  } catch (error) {
    said.textContent = error.message;
  }
}

// show draws the tab as it is published now.
export function show(answer) {
  view = answer.view;
  const whole = JSON.stringify(view);
  if (whole === drawn) return;
  const again = drawn !== "" && !page.hidden;
  drawn = whole;
  const focused = body.contains(document.activeElement) ? document.activeElement.dataset : null;
  body.replaceChildren(...(view ? draw(view.blocks, names, pressed) : [el("p", {class: "empty"}, "Nothing was published yet.")]));
  if (focused) (body.querySelector(`[data-action="${CSS.escape(focused.action)}"][data-block="${CSS.escape(focused.block)}"]`) ?? page).focus();
  if (again) announce("The Home tab has changed");
}

async function pressed(element, block, button) {
  if (button.getAttribute("aria-disabled") === "true") return;
  if (element.confirm && !await ask(element.confirm, (text) => composed(text, {names}))) return;
  button.setAttribute("aria-disabled", "true");
  await tell(() => press({user: me(), view_id: view.id, action_id: element.action_id, block_id: block.block_id}));
  button.removeAttribute("aria-disabled");
}
