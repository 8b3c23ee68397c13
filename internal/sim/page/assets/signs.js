// The signs with which the bot's messages begin, drawn alike everywhere: not
// every machine has a font with them. The character stays in the text.
import {el} from "./dom.js";

const names = {
  "⏸": "pause", "▶": "play", "⚠": "warning", "❄": "freeze", "⏰": "alarm", "🔒": "lock", "🔓": "unlock",
  "❓": "question", "🔁": "repeat", "⏏": "eject", "✋": "stop",
  "🗓": "calendar", "⏭": "next", "⏯": "paused", "🔧": "wrench", "🏁": "flag", "🛑": "stop", "☀": "sun",
  "🔑": "key", "🚨": "siren", "⏬": "drain", "☎": "phone", "⏹": "square", "✅": "check",
};
const pattern = new RegExp(`(${Object.keys(names).join("|")})\\uFE0F?`, "u");

// signed turns text into nodes in which known signs are drawn.
export function signed(text) {
  return text.split(pattern).filter(Boolean).map((piece) =>
    piece in names ? el("span", {class: `sign sign-${names[piece]}`}, el("span", {}, piece)) : piece);
}
