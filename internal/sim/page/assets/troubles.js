// Things to break: each says what to watch for before it is pressed.
import {announce, byID, el} from "./dom.js";
import {inOrder} from "./cluster.js";
import {change} from "./server.js";

const seconds = 10;
const apart = 20; // seconds: longer than the master waits for an agent

const troubles = [
  {
    name: "agent", of: "agent",
    watch: "tasks run on through a restart, and withheld stays withheld. Without its disk it comes back as a new agent, which the bot withholds again. Cut off, it becomes unreachable: its tasks start elsewhere, and it comes back as it was.",
    deeds: [
      {button: "Restart", request: (agent) => ({do: "restart-agent", agent}), did: (agent) => `${agent} restarts`},
      {button: "Wipe disk", request: (agent) => ({do: "lose-work-dir", agent}), did: (agent) => `${agent} lost its disk`},
      {button: `Cut off for ${apart} s`, request: (agent) => ({do: "partition-agent", agent, seconds: apart}), did: (agent) => `${agent} is cut off`},
    ],
  },
  {
    name: "operation", of: "agent",
    watch: "an agent without tasks is not safe to take down while an operation on its disk hangs. The bot says which one.",
    deeds: [
      {button: "Let an operation hang", request: (agent) => ({do: "pend-operation", agent}), did: (agent) => `an operation hangs on ${agent}`},
      {button: "Finish it", request: (agent) => ({do: "finish-operation", agent}), did: (agent) => `nothing hangs on ${agent}`},
    ],
  },
  {
    name: "health", of: "app",
    watch: "tasks of the app that start from now on never get healthy, so nobody moves the next one.",
    deeds: [
      {button: "Spoil the app", request: (app) => ({do: "health", app, mode: "stuck"}), did: (app) => `new tasks of ${app} stay ill`},
      {button: "Mend it", request: (app) => ({do: "health", app, mode: "healthy"}), did: (app) => `${app} is healthy`},
    ],
  },
  {
    name: "inverse-offers", of: "framework",
    watch: "/mesos maintenance status shows what each framework says of machines that will go away.",
    deeds: [
      {button: "Accept", request: (framework) => ({do: "inverse-offers", framework, mode: "accepts"}), did: (framework) => `${framework} accepts`},
      {button: "Decline", request: (framework) => ({do: "inverse-offers", framework, mode: "declines"}), did: (framework) => `${framework} declines`},
      {button: "Ignore", request: (framework) => ({do: "inverse-offers", framework, mode: "ignores"}), did: (framework) => `${framework} says nothing`},
    ],
  },
  {
    name: "failover",
    watch: "the other master leads and agents come back to it, one by one. Withheld ones stay withheld.",
    deeds: [{button: "Fail the master over", request: () => ({do: "failover"}), did: () => "the leader is gone"}],
  },
  {
    name: "redis", needs: "redis",
    watch: "type a command meanwhile. It is answered within 2.5 s, honestly, and nothing is lost.",
    deeds: [{button: `Cut Redis for ${seconds} s`, lasts: true, request: () => ({do: "cut-redis", seconds}), did: () => "Redis is away"}],
  },
  {
    name: "slack",
    watch: "nothing gets in or out. What the bot had to say comes when Slack is back.",
    deeds: [{button: `Pause Slack for ${seconds} s`, lasts: true, request: () => ({do: "slack", mode: "down", seconds}), did: () => "Slack is away"}],
  },
];

// start draws the strip; can tells what this demo is able to break.
export function start(can) {
  byID("troubles").replaceChildren(...troubles.filter((each) => !each.needs || can[each.needs]).map(card));
}

// named lists what can be chosen, by kind.
const named = {
  agent: (cluster) => inOrder(cluster.agents).map((agent) => agent.hostname),
  app: (cluster) => distinct(cluster, (task) => task.framework === "marathon" && task.app),
  framework: (cluster) => distinct(cluster, (task) => task.framework),
};

const distinct = (cluster, name) => [...new Set(cluster.agents.flatMap((agent) => agent.tasks.map(name)))].filter(Boolean).sort();

// show keeps the lists in step with the cluster.
export function show(cluster) {
  for (const select of document.querySelectorAll("#troubles select, #launch select")) {
    const names = named[select.dataset.of ?? "agent"](cluster);
    const drawn = names.join(" ");
    if (select.dataset.drawn === drawn || !names.length) continue;
    select.dataset.drawn = drawn;
    const chosen = select.value;
    for (const option of [...select.options]) if (option.value) option.remove();
    select.append(...names.map((name) => el("option", {value: name}, name)));
    if (names.includes(chosen)) select.value = chosen;
  }
}

function card(trouble) {
  const watchID = `watch-${trouble.name}`;
  const said = el("p", {class: "said", role: "status"});
  const select = trouble.of && el("select", {"aria-label": `Which ${trouble.of}`, data: {of: trouble.of}});
  return el("li", {class: "trouble", data: {trouble: trouble.name}},
    el("p", {id: watchID}, el("strong", {}, "Watch: "), trouble.watch),
    el("div", {class: "act"}, select, trouble.deeds.map((deed) => {
      const button = el("button", {type: "button", class: "danger", "aria-describedby": watchID}, deed.button);
      button.addEventListener("click", () => doIt(deed, button, said, select?.value));
      return button;
    })), said);
}

async function doIt(deed, button, said, agent) {
  if (button.getAttribute("aria-disabled") === "true") return;
  try {
    await change(deed.request(agent));
  } catch (error) {
    said.textContent = error.message;
    return;
  }
  announce(deed.did(agent));
  if (deed.lasts) countDown(deed, button, said);
  else settle(said, deed.did(agent));
}

function settle(said, text) {
  said.textContent = text;
  setTimeout(() => { if (said.textContent === text) said.textContent = ""; }, 6000);
}

function countDown(deed, button, said) {
  button.setAttribute("aria-disabled", "true");
  const end = Date.now() + seconds * 1000;
  said.setAttribute("aria-live", "off"); // a number a second is noise
  const step = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left > 0) {
      said.textContent = `${deed.did()}, ${left} s left`;
      setTimeout(step, 250);
      return;
    }
    button.removeAttribute("aria-disabled");
    said.removeAttribute("aria-live");
    settle(said, "back again");
  };
  step();
}
