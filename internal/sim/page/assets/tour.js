// The tour: steps that tick themselves off when the cluster shows, or the
// channel tells, that they happened, whoever did them and however.
import {announce, byID, el, keep, mark} from "./dom.js";
import {change} from "./server.js";
import {become, fill} from "./composer.js";

const agent = "agent-one", first = "hello", pinned = "hello-pinned", recurring = "patch", why = "firmware";

const on = (cluster, app) => tasksOf(cluster, app).filter((task) => task.host === agent && task.state === "TASK_RUNNING").length > 0;
const withheld = (cluster) => cluster.agents.some((each) => each.hostname === agent && (each.deactivated || each.filtered));
const takesTasks = (cluster) => cluster.agents.some((each) => each.hostname === agent && each.active && !each.deactivated && !each.filtered);
const waits = (cluster) => cluster.waiting.some((task) => task.app === pinned);

function tasksOf(cluster, app) {
  return cluster.agents.flatMap((each) => each.tasks.filter((task) => task.app === app).map((task) => ({...task, host: each.hostname})));
}

const steps = [
  {
    title: "Launch an app",
    text: `Two instances of “${first}” start. One of them lands on ${agent}, which has the most room.`,
    acts: [["Launch two instances", () => change({do: "launch", app: first, instances: 2})]],
    done: (cluster) => tasksOf(cluster, first).length >= 2 && on(cluster, first),
  },
  {
    title: "Withhold an agent",
    text: `Ask the bot to keep new tasks away from ${agent} for two hours. What runs there runs on.`,
    acts: [["Type it for me", () => type(`/mesos filter ${agent} --for 2h -m "kernel upgrade"`)]],
    done: withheld,
  },
  {
    title: "Launch one pinned to it",
    text: `An app that may run on ${agent} only has to wait there, while “${first}” keeps running beside it.`,
    acts: [[`Launch it on ${agent}`, () => change({do: "launch", app: pinned, instances: 1, agent})]],
    done: (cluster) => waits(cluster) && withheld(cluster) && on(cluster, first),
  },
  {
    title: "Give the agent back",
    text: `${agent} gets offers again. Press Release under the bot's message, or type it.`,
    acts: [["Type it for me", () => type(`/mesos unfilter ${agent}`)]],
    done: takesTasks,
  },
  {
    title: "The task starts",
    text: `“${pinned}” stops waiting and starts on ${agent}, within a second or two.`,
    done: (cluster) => on(cluster, pinned),
  },
  {
    title: "Skip a window",
    text: `“${recurring}” withholds agent-six for 90 s every five minutes, by itself. Let it pass, or press Skip.`,
    acts: [
      ["Ask what opens next", () => type("/mesos window next")],
      ["Type the skip for me", () => type(`/mesos window skip ${recurring} -m "not today"`)],
    ],
    told: new RegExp(`${recurring} (does not open|is closed)`),
  },
  {
    title: "Start a run",
    text: "Agents are withheld, restarted and given back one by one. Press Done when the bot asks, and watch the bar; or Abort.",
    acts: [["Type it for me", () => type(`/mesos run start -l rack=r1 --step "webhook reboot" --step confirm --expect restart --soak 5s -m ${why}`)]],
    told: new RegExp(`${why}: .*took`),
  },
  {
    title: "Drain together",
    text: "A drain kills tasks, so others approve of it first. Ask for it as alice; she may not approve it herself. Then be bob, who is on call, and press Approve.",
    acts: [
      ["Type it for me", () => type('/mesos drain agent-one,agent-three,agent-five -m "disk swap"')],
      ["Be bob", () => become("bob")],
    ],
    told: /drained: safe to take down/,
  },
];

let at = Math.min(keep.get("tour", 0), steps.length);
let latest = null; // the cluster as last seen
let heard = null; // the messages as last heard
let before = null; // what had been told when a step began that the channel ends

// type puts a command on the line, as somebody who may give it.
function type(text) {
  if (!operators.includes(document.querySelector("#people input:checked").value)) become(operators[0]);
  document.dispatchEvent(new CustomEvent("show-pane", {detail: "chat"}));
  fill(text);
}

let operators = [];

export function start(people) {
  operators = people.filter((person) => person.role === "operator").map((person) => person.name);
  draw();
}

// show ticks off the steps that the cluster shows to be done, one after another.
export function show(cluster) {
  latest = cluster;
  tick();
}

// hear does the same for what the channel tells.
export function hear(messages) {
  heard = messages;
  tick();
}

function done(step) {
  if (step.done) return latest !== null && step.done(latest);
  if (heard === null) return false;
  const told = heard.filter((message) => !message.ephemeral && step.told.test(message.text)).map((message) => message.ts);
  before ??= new Set(told);
  return told.some((ts) => !before.has(ts));
}

function tick() {
  const from = at;
  for (; at < steps.length && done(steps[at]); at++) before = null;
  if (at === from) return;
  keep.set("tour", at);
  announce(`Tour: step ${at} of ${steps.length} is done`);
  draw();
  for (let step = from; step < at; step++) mark(byID("steps").children[step], "step " + step);
}

function draw() {
  byID("steps").replaceChildren(...steps.map((step, each) => {
    const state = each < at ? "done" : each === at ? "now" : "later";
    return el("li", {class: state, "aria-current": state === "now" ? "step" : undefined},
      el("span", {class: "number", "aria-hidden": "true"}, state === "done" ? "✓" : String(each + 1)),
      el("span", {class: "title"}, step.title),
      state === "done" && el("span", {class: "unseen"}, " (done)"));
  }));
  byID("tour-now").replaceChildren(...(at < steps.length ? current(steps[at]) : finished()));
}

function current(step) {
  const said = el("p", {class: "problem", role: "alert"});
  const attempt = async (act) => {
    said.textContent = "";
    try { await act(); } catch (error) { said.textContent = error.message; }
  };
  return [
    el("p", {}, step.text),
    (step.acts ?? []).map(([words, act], each) => el("button", {type: "button", class: each ? "" : "primary", on: {click: () => attempt(act)}}, words)),
    at > 0 && el("button", {type: "button", class: "quiet-button", on: {click: again}}, "Start over"),
    said,
  ].flat().filter(Boolean);
}

function finished() {
  return [
    el("p", {}, "That was the whole road. Now break something, on the right, and watch the bot repair it."),
    el("button", {type: "button", class: "quiet-button", on: {click: again}}, "Take the tour again"),
  ];
}

async function again() {
  for (const app of [first, pinned]) {
    const runs = latest && (tasksOf(latest, app).length || latest.waiting.some((task) => task.app === app));
    if (runs) await change({do: "kill", app}).catch(() => { /* it ended by itself meanwhile */ });
  }
  at = 0;
  before = null;
  keep.set("tour", at);
  draw();
  if (latest && withheld(latest)) type(`/mesos unfilter ${agent}`);
}
