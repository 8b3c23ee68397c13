// The dialog that Slack shows before a button with a "confirm" is pressed.
import {byID} from "./dom.js";

const dialog = byID("confirm");

// ask shows a confirm object and tells whether the visitor agreed.
export function ask(confirm, compose) {
  byID("confirm-title").replaceChildren(...compose(confirm.title ?? {type: "plain_text", text: "Are you sure?"}));
  byID("confirm-text").replaceChildren(...compose(confirm.text));
  byID("confirm-deny").replaceChildren(...compose(confirm.deny ?? {type: "plain_text", text: "Cancel"}));
  const yes = byID("confirm-yes");
  yes.replaceChildren(...compose(confirm.confirm ?? {type: "plain_text", text: "Yes"}));
  yes.className = confirm.style === "danger" ? "danger" : "primary";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirm"), {once: true});
  });
}
