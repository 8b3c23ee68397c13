// Slack's mrkdwn as nodes. Only what Slack itself would bring to life comes to
// life: escaped text and unknown tokens stay the characters that they are.
import {el} from "./dom.js";
import {emoji, knows} from "./emoji.js";
import {signed} from "./signs.js";
import {formatDate, fullTime} from "./dates.js";

const entities = {"&amp;": "&", "&lt;": "<", "&gt;": ">"};
const decode = (text) => text.replace(/&(amp|lt|gt);/g, (entity) => entities[entity]);

// A style's marks stand at the edges of words and hold no blank at their inner sides.
const styled = (mark) => `(?<![\\w${mark}])\\${mark}(?=[^\\s${mark}])([^${mark}\\n]*[^\\s${mark}]|[^\\s${mark}])\\${mark}(?![\\w${mark}])`;
const inlinePattern = new RegExp(
  ["`([^`\\n]+)`", "<([^<>\\n]+)>", ":([a-z0-9_+-]+):", styled("*"), styled("_"), styled("~")].join("|"), "g");

// mrkdwn turns text into nodes; names tells what people and channels are called.
export function mrkdwn(text, names) {
  return text.split(/```\n?([^]*?)\n?```/).map((piece, at) =>
    at % 2 ? el("pre", {}, decode(piece)) : lines(piece, names));
}

function lines(text, names) {
  const nodes = [];
  let quote = null;
  text.split("\n").forEach((line, at, all) => {
    const quoted = line.match(/^(?:>|&gt;) ?(.*)$/);
    if (quoted) {
      if (quote) quote.append(el("br"));
      else nodes.push(quote = el("blockquote"));
      quote.append(...inline(quoted[1], names));
      return;
    }
    quote = null;
    nodes.push(...inline(line, names));
    if (at < all.length - 1) nodes.push(el("br"));
  });
  return nodes;
}

function inline(text, names) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(inlinePattern)) {
    nodes.push(signed(decode(text.slice(end, match.index))), token(match, names));
    end = match.index + match[0].length;
  }
  nodes.push(signed(decode(text.slice(end))));
  return nodes.flat();
}

function token([whole, code, angle, name, bold, italic, strike], names) {
  if (code !== undefined) return el("code", {}, decode(code));
  if (angle !== undefined) return reference(angle, names) ?? decode(whole);
  if (name !== undefined) return knows(name) ? signed(emoji(name)) : decode(whole);
  if (bold !== undefined) return el("strong", {}, inline(bold, names));
  if (italic !== undefined) return el("em", {}, inline(italic, names));
  return el("s", {}, inline(strike, names));
}

// reference is what stands between angle brackets, or null where it means nothing.
function reference(text, names) {
  const [target, label] = split(text, "|");
  if (target.startsWith("@")) return mention("@" + names.person(target.slice(1), label && decode(label)));
  if (target.startsWith("#")) return mention("#" + names.channel(target.slice(1), label && decode(label)));
  if (target.startsWith("!date^")) {
    const [, seconds, format] = target.split("^");
    return date(seconds, decode(format ?? ""), decode(label ?? ""));
  }
  if (target.startsWith("!subteam^")) return mention(decode(label ?? "@group"));
  if (["!here", "!channel", "!everyone"].includes(target)) return mention("@" + target.slice(1), true);
  return link(decode(target), decode(label ?? target));
}

function split(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

export const mention = (text, broadcast) => el("span", {class: broadcast ? "mention broadcast" : "mention"}, text);

// link makes one for the web and for mail; null for any other scheme.
export function link(url, label) {
  if (!/^(https?:\/\/|mailto:)/i.test(url)) return null;
  return el("a", {href: url, target: "_blank", rel: "noopener noreferrer nofollow"}, label);
}

export function date(seconds, format, fallback) {
  const moment = new Date(Number(seconds) * 1000);
  if (Number.isNaN(moment.getTime())) return fallback;
  return el("time", {datetime: moment.toISOString(), title: fullTime(seconds)}, formatDate(seconds, format, fallback));
}
