// The tour: five steps that tick themselves off when the cluster shows that
// they happened, whoever did them and however.
import {announce, byID, el, keep, mark} from "./dom.js";
import {change} from "./server.js";
import {become, fill} from "./composer.js";

const agent = "agent-one", first = "hello", pinned = "hello-pinned";

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
    button: "Launch two instances",
    act: () => change({do: "launch", app: first, instances: 2}),
    done: (cluster) => tasksOf(cluster, first).length >= 2 && on(cluster, first),
  },
  {
    title: "Withhold an agent",
    text: `Ask the bot to keep new tasks away from ${agent} for two hours. What runs there runs on.`,
    button: "Type it for me",
    act: () => type(`/mesos filter ${agent} --for 2h -m "kernel upgrade"`),
    done: withheld,
  },
  {
    title: "Launch one pinned to it",
    text: `An app that may run on ${agent} only has to wait there, while “${first}” keeps running beside it.`,
    button: `Launch it on ${agent}`,
    act: () => change({do: "launch", app: pinned, instances: 1, agent}),
    done: (cluster) => waits(cluster) && withheld(cluster) && on(cluster, first),
  },
  {
    title: "Give the agent back",
    text: `${agent} gets offers again. Press Release under the bot's message, or type it.`,
    button: "Type it for me",
    act: () => type(`/mesos unfilter ${agent}`),
    done: takesTasks,
  },
  {
    title: "The task starts",
    text: `“${pinned}” stops waiting and starts on ${agent}, within a second or two.`,
    done: (cluster) => on(cluster, pinned),
  },
];

let at = Math.min(keep.get("tour", 0), steps.length);
let latest = null;

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
  const from = at;
  while (at < steps.length && steps[at].done(cluster)) at++;
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
  const act = async () => {
    said.textContent = "";
    try { await step.act(); } catch (error) { said.textContent = error.message; }
  };
  return [
    el("p", {}, step.text),
    step.act && el("button", {type: "button", class: "primary", on: {click: act}}, step.button),
    at > 0 && el("button", {type: "button", class: "quiet-button", on: {click: again}}, "Start over"),
    said,
  ].filter(Boolean);
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
  keep.set("tour", at);
  draw();
  if (latest && withheld(latest)) type(`/mesos unfilter ${agent}`);
}
