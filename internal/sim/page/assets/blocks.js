// Block Kit as nodes: the blocks that a bot posts into a channel.
import {el} from "./dom.js";
import {emoji, knows} from "./emoji.js";
import {signed} from "./signs.js";
import {mention, mrkdwn, link, date} from "./mrkdwn.js";

// draw turns a message's blocks into nodes. names tells what people and
// channels are called; press is called with (element, block, button).
export function draw(blocks, names, press) {
  return blocks.map((block) => {
    const maker = makers[block.type];
    return maker ? maker(block, {names, press}) : unknown(block.type);
  });
}

const makers = {
  header: (block, context) => el("h3", {class: "b-header"}, composed(block.text, context)),
  section,
  context: (block, context) => el("div", {class: "b-context"}, (block.elements ?? []).map((element) => contextPart(element, context))),
  divider: () => el("hr", {class: "b-divider"}),
  actions: (block, context) => el("div", {class: "b-actions"}, (block.elements ?? []).map((element) => control(element, block, context))),
  rich_text: (block, context) => el("div", {class: "b-rich"}, (block.elements ?? []).map((element) => rich(element, context))),
  image: (block) => el("p", {class: "b-context"}, block.alt_text ?? ""),
};

const unknown = (type) => el("p", {class: "b-unknown"}, `(this page cannot draw “${type}”)`);

// composed is a text object: plain_text stays plain but for emoji.
export function composed(text, {names}) {
  if (!text) return [];
  if (text.type === "mrkdwn") return mrkdwn(text.text, names);
  const said = text.emoji === false ? text.text : text.text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => knows(name) ? emoji(name) : whole);
  return said.split("\n").flatMap((line, at) => at ? [el("br"), ...signed(line)] : signed(line));
}

function section(block, context) {
  return el("div", {class: "b-section"},
    el("div", {class: "b-body"},
      block.text && el("div", {class: "b-text"}, composed(block.text, context)),
      block.fields && el("div", {class: "b-fields"}, block.fields.map((field) => el("div", {}, composed(field, context))))),
    block.accessory && control(block.accessory, block, context));
}

function contextPart(element, context) {
  if (element.type === "image") return el("span", {}, element.alt_text ?? "");
  return el("span", {}, composed(element, context));
}

function control(element, block, context) {
  if (element.type === "image") return el("span", {class: "b-context"}, element.alt_text ?? "");
  if (element.type !== "button") return unknown(element.type);
  const label = composed(element.text, context);
  if (element.url) return link(element.url, element.text?.text ?? element.url) ?? el("span", {}, label);
  const button = el("button", {
    type: "button", class: {primary: "primary", danger: "danger"}[element.style],
    "aria-label": element.accessibility_label, data: {action: element.action_id ?? "", block: block.block_id ?? ""},
  }, label);
  button.addEventListener("click", () => context.press(element, block, button));
  return button;
}

const inlineParts = (element, context) => (element.elements ?? []).map((part) => richPart(part, context));

function rich(element, context) {
  switch (element.type) {
    case "rich_text_section": return el("div", {class: "r-section"}, inlineParts(element, context));
    case "rich_text_quote": return el("blockquote", {}, inlineParts(element, context));
    case "rich_text_preformatted": return el("pre", {}, inlineParts(element, context));
    case "rich_text_list": return richList(element, context);
  }
  return unknown(element.type);
}

function richList(element, context) {
  const ordered = element.style === "ordered";
  return el(ordered ? "ol" : "ul", {
    class: `r-list indent-${Math.min(Number(element.indent) || 0, 5)}`, start: ordered && element.offset ? Number(element.offset) + 1 : undefined,
  }, (element.elements ?? []).map((item) => el("li", {}, rich(item, context))));
}

const styles = [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"]];

function richPart(part, context) {
  let node = richValue(part, context);
  for (const [style, name] of styles) if (part.style?.[style]) node = el(name, {}, node);
  return node;
}

function richValue(part, {names}) {
  switch (part.type) {
    case "text": return el("span", {class: "r-text"}, signed(part.text ?? ""));
    case "user": return mention("@" + names.person(part.user_id));
    case "usergroup": return mention("@" + names.group(part.usergroup_id));
    case "channel": return mention("#" + names.channel(part.channel_id));
    case "broadcast": return mention("@" + part.range, true);
    case "emoji": return el("span", {}, signed(knows(part.name) ? emoji(part.name) : fromUnicode(part.unicode) ?? emoji(part.name)));
    case "date": return date(part.timestamp, part.format ?? "{date_short_pretty} {time}", part.fallback ?? "");
    case "link": return link(part.url ?? "", part.text ?? part.url) ?? (part.text ?? part.url ?? "");
  }
  return `(${part.type})`;
}

function fromUnicode(codes) {
  if (!/^[0-9a-f]{1,6}(-[0-9a-f]{1,6})*$/i.test(codes ?? "")) return undefined;
  const points = codes.split("-").map((code) => parseInt(code, 16));
  return points.every((point) => point <= 0x10ffff) ? String.fromCodePoint(...points) : undefined;
}
