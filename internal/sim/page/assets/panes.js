// On a narrow screen one pane shows at a time; the other's tab says when
// something changed there.
import {unseen} from "./dom.js";

const buttons = [...document.querySelectorAll(".tabs button")];
const seen = new Set();

const shown = () => document.body.dataset.pane;

export function start() {
  for (const button of buttons) button.addEventListener("click", () => show(button.dataset.show));
  document.addEventListener("show-pane", (event) => show(event.detail));
}

export function show(pane) {
  document.body.dataset.pane = pane;
  for (const button of buttons) {
    const mine = button.dataset.show === pane;
    button.setAttribute("aria-pressed", String(mine));
    if (mine) button.querySelector(".dot")?.remove();
  }
}

// news puts a dot on the tab of a pane that is not in view.
export function news(pane) {
  if (!seen.has(pane)) return void seen.add(pane); // the first state is not news
  const button = buttons.find((each) => each.dataset.show === pane);
  if (pane === shown() || button.querySelector(".dot")) return;
  const dot = document.createElement("span");
  dot.className = "dot";
  dot.append(unseen("has changed"));
  button.append(" ", dot);
}
