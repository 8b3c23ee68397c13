// The cluster as its master lists it: racks of agents with their tasks.
import {announce, byID, el, mark, unseen} from "./dom.js";
import {change} from "./server.js";

let before = null; // the cluster as last drawn

const words = {
  deactivated: "Withheld", filtered: "Withheld", draining: "Draining", drained: "Drained", disconnected: "Disconnected",
  recovered: "Coming back", unreachable: "Unreachable", gone: "Gone for good", down: "Down", absent: "Not registered",
};

// stateOf is an agent's state for eye and ear: whether it is withheld, whether
// it is away, and a word for it.
export function stateOf(agent) {
  const withheld = agent.deactivated || agent.filtered || false;
  const away = !agent.connected;
  const word = words[agent.state?.toLowerCase()] ?? (away ? "Disconnected" : withheld ? "Withheld" : "Takes tasks");
  return {withheld, away, word: away && withheld ? `${word}, withheld` : word};
}

// appsOf counts tasks by app: {name: {running, waiting}}.
export function appsOf(cluster) {
  const apps = {};
  const of = (name) => apps[name] ??= {running: 0, waiting: 0};
  for (const agent of cluster.agents) for (const task of agent.tasks) of(task.app).running++;
  for (const task of cluster.waiting) of(task.app).waiting++;
  return apps;
}

const place = (agent) => ["rack", "zone"].map((name) => agent.attributes?.[name] ?? "").concat(agent.hostname).join(" ");

// inOrder is how agents stand on the page: by rack, zone and name.
export const inOrder = (agents) => agents.toSorted((a, b) => place(a).localeCompare(place(b), undefined, {numeric: true}));

export function show(cluster) {
  leader(cluster);
  summary(cluster);
  racks(cluster);
  waiting(cluster);
  apps(cluster);
  if (before) tell(before, cluster);
  before = cluster;
}

const short = (url) => url.replace(/^\w+:\/\//, "");

function leader(cluster) {
  const node = byID("leader");
  const text = cluster.leader ? `leading master ${short(cluster.leader)}` : "no master leads";
  if (node.textContent === text) return;
  node.textContent = text;
  node.className = cluster.leader ? "leads" : "leaderless";
  mark(node, "leader", before !== null);
}

const plural = (count, one, many = one + "s") => `${count} ${count === 1 ? one : many}`;

function summary(cluster) {
  const withheld = cluster.agents.filter((agent) => stateOf(agent).withheld).length;
  const tasks = cluster.agents.reduce((sum, agent) => sum + agent.tasks.length, 0);
  byID("summary").textContent = [
    `${withheld} of ${plural(cluster.agents.length, "agent")} withheld`, plural(tasks, "task"), `${cluster.waiting.length} waiting`,
  ].join(" · ");
}

const tiles = new Map(); // hostname -> {node, drawn}
let shape; // which racks hold which agents, as drawn

// racks draws again only what differs, so that marks run out and nobody who
// reads on a tile is thrown off it.
function racks(cluster) {
  const agents = inOrder(cluster.agents);
  const old = new Map((before?.agents ?? []).map((agent) => [agent.hostname, agent]));
  for (const agent of agents) draw(agent, old.get(agent.hostname));
  const now = agents.map(place).join();
  if (now === shape) return;
  shape = now;
  const groups = Map.groupBy(agents, (agent) => agent.attributes?.rack ?? "");
  byID("racks").replaceChildren(...[...groups].map(([rack, members]) =>
    el("section", {class: "rack", "aria-label": rack ? `rack ${rack}` : "no rack"},
      el("h3", {}, rack ? `rack ${rack}` : "no rack"), members.map((agent) => tiles.get(agent.hostname).node))));
}

function draw(agent, old) {
  const drawn = JSON.stringify(agent);
  const shown = tiles.get(agent.hostname);
  if (shown?.drawn === drawn) return;
  const node = tile(agent, old);
  shown?.node.replaceWith(node);
  tiles.set(agent.hostname, {node, drawn});
  const changed = before && (!old || stateOf(old).word !== stateOf(agent).word || old.id !== agent.id);
  mark(node, "agent " + agent.hostname, changed);
}

function tile(agent, old) {
  const state = stateOf(agent);
  const others = Object.entries(agent.attributes ?? {}).filter(([key]) => key !== "rack");
  return el("article", {class: `tile${state.withheld ? " withheld" : ""}${state.away ? " away" : ""}`, data: {agent: agent.hostname}, "aria-label": `${agent.hostname}, ${state.word}`},
    el("header", {}, el("h4", {}, agent.hostname), el("span", {class: "state"}, state.word)),
    el("p", {class: "attributes"}, others.map(([key, value]) => `${key} ${value}`).join(" · ") || " "),
    agent.operations > 0 && el("p", {class: "attributes"}, `${plural(agent.operations, "operation")} pending`),
    tasks(agent, old));
}

function tasks(agent, old) {
  if (!agent.tasks.length) return el("p", {class: "idle"}, "no tasks");
  const known = new Set((old?.tasks ?? []).map((task) => task.id));
  return el("ul", {class: "tasks", "aria-label": `Tasks on ${agent.hostname}`}, agent.tasks.map((task) => {
    const running = task.state === "TASK_RUNNING";
    const node = el("li", {class: `task hue-${hue(task.app)}${running ? "" : " unsettled"}`, title: `${task.id} ${task.state}${task.framework ? " of " + task.framework : ""}`, data: {app: task.app, task: task.id}},
      task.app, running ? unseen(" running") : el("small", {}, " " + task.state.replace("TASK_", "").toLowerCase()));
    mark(node, "task " + task.id, before && !known.has(task.id));
    return node;
  }));
}

const hues = new Map(); // app -> colour, in the order in which apps were first seen

// hue gives an app one of six colours; the name beside it says the same.
function hue(app) {
  if (!hues.has(app)) hues.set(app, hues.size % 6);
  return hues.get(app);
}

function waiting(cluster) {
  byID("waiting").hidden = cluster.waiting.length === 0;
  const seen = countBy(before?.waiting ?? []);
  byID("waiting-list").replaceChildren(...[...countBy(cluster.waiting)].map(([key, {task, count}]) => {
    const node = el("li", {class: `task hue-${hue(task.app)} waits`, data: {app: task.app, agent: task.agent}},
      el("strong", {}, task.app), count > 1 && ` × ${count}`, " waits for ", task.agent ? el("strong", {}, task.agent) : "any agent");
    mark(node, "waiting " + key, before && seen.get(key)?.count !== count);
    return node;
  }));
}

function countBy(tasks) {
  const counts = new Map();
  for (const task of tasks) {
    const key = `${task.app} ${task.agent}`;
    counts.set(key, {task, count: (counts.get(key)?.count ?? 0) + 1});
  }
  return counts;
}

function apps(cluster) {
  const drawn = JSON.stringify(appsOf(cluster));
  if (byID("apps").dataset.drawn === drawn) return; // the keyboard may stand on one of its buttons
  byID("apps").dataset.drawn = drawn;
  byID("apps").replaceChildren(...Object.entries(appsOf(cluster)).sort().map(([name, count]) => {
    const button = el("button", {type: "button", class: "quiet-button", "aria-label": `Kill ${name}`}, "Kill");
    button.addEventListener("click", () => change({do: "kill", app: name}).catch((error) => announce(error.message)));
    return el("li", {class: `task hue-${hue(name)}`}, el("span", {}, name), el("small", {}, ` ${count.running} running${count.waiting ? `, ${count.waiting} waiting` : ""}`), button);
  }));
}

// tell says what changed since to those who do not see it.
function tell(old, now) {
  if (old.leader !== now.leader) announce(now.leader ? `${short(now.leader)} leads` : "No master leads");
  const earlier = new Map(old.agents.map((agent) => [agent.hostname, agent]));
  for (const agent of now.agents) {
    const was = earlier.get(agent.hostname);
    if (!was || stateOf(was).word !== stateOf(agent).word) announce(`${agent.hostname}: ${stateOf(agent).word}`);
    earlier.delete(agent.hostname);
  }
  for (const name of earlier.keys()) announce(`${name} is no longer listed`);
  const [had, has] = [appsOf(old), appsOf(now)];
  for (const name of new Set([...Object.keys(had), ...Object.keys(has)])) {
    const [a, b] = [had[name], has[name]];
    if (a?.running !== b?.running || a?.waiting !== b?.waiting) {
      announce(b ? `${name}: ${b.running} running${b.waiting ? `, ${b.waiting} waiting` : ""}` : `${name} is gone`);
    }
  }
}
