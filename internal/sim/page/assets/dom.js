// Building blocks for everything drawn: text always becomes a text node, so
// nothing that a person typed can become markup.

const own = new Set(["class", "on", "data"]);

// el makes an element: el("p", {class: "note", on: {click}}, "text", child).
export function el(name, props = {}, ...children) {
  const node = document.createElement(name);
  if (props.class) node.className = props.class;
  for (const [event, listener] of Object.entries(props.on ?? {})) node.addEventListener(event, listener);
  for (const [key, value] of Object.entries(props.data ?? {})) node.dataset[key] = value;
  for (const [key, value] of Object.entries(props)) {
    if (own.has(key) || value === undefined || value === null || value === false) continue;
    node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byID = (id) => document.getElementById(id);

// unseen is text for screen readers alone.
export const unseen = (text) => el("span", {class: "unseen"}, text);

const markedFor = 2600; // milliseconds, as long as the animation in page.css
const marks = new Map(); // key -> when it was last marked

// mark shows for a moment that what key names has changed. A node that is drawn
// again meanwhile goes on with the mark when it is passed here with changed false.
export function mark(node, key, changed = true) {
  if (changed) marks.set(key, Date.now());
  const age = Date.now() - (marks.get(key) ?? 0);
  if (age >= markedFor) return;
  node.classList.remove("changed");
  void node.offsetWidth; // restarts the animation when it runs already
  node.style.animationDelay = `${-age}ms`;
  node.classList.add("changed");
  setTimeout(() => {
    if (Date.now() - marks.get(key) >= markedFor) node.classList.remove("changed");
  }, markedFor - age + 10);
}

// keep remembers a choice where the browser allows it.
export const keep = {
  get(key, fallback) {
    try { return JSON.parse(localStorage.getItem("cordon." + key)) ?? fallback; } catch { return fallback; }
  },
  set(key, value) {
    try { localStorage.setItem("cordon." + key, JSON.stringify(value)); } catch { /* private mode: the choice lasts as long as the page */ }
  },
};

let queue = [];
// announce tells a screen reader what was seen to change, in one breath.
export function announce(sentence) {
  if (queue.push(sentence) > 1) return;
  setTimeout(() => {
    byID("announcer").textContent = queue.slice(0, 6).join(". ") + (queue.length > 6 ? `. And ${queue.length - 6} more changes` : "");
    queue = [];
  }, 150);
}
