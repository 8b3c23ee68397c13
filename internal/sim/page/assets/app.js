// The page: one stream from the server, drawn into two panes.
import {byID, keep} from "./dom.js";
import {change, follow} from "./server.js";
import * as chat from "./chat.js";
import * as cluster from "./cluster.js";
import * as composer from "./composer.js";
import * as home from "./home.js";
import * as modal from "./modal.js";
import * as panes from "./panes.js";
import * as tour from "./tour.js";
import * as troubles from "./troubles.js";

const settings = JSON.parse(byID("settings").textContent);
let agents = [];
let stop = () => {};

const names = {
  here: settings.channel.id,
  person: (id, label) => settings.people.find((person) => person.id === id)?.name ?? label ?? (isBot(id) ? "cordon" : id),
  channel: (id, label) => settings.channel.id === id ? settings.channel.name : label ?? id,
  group: (id) => id,
  author(id) {
    const at = settings.people.findIndex((person) => person.id === id);
    return at < 0 ? {name: id === "USLACKBOT" ? "Slackbot" : "cordon", bot: true} : {name: settings.people[at].name, at};
  },
};
const isBot = (id) => id === settings.bot;

function listen(person) {
  stop();
  stop = follow(person, {
    chat(messages) {
      chat.show(messages);
      tour.hear(messages);
      panes.news("chat");
    },
    views: modal.show,
    home: home.show,
    cluster(state) {
      agents = cluster.inOrder(state.agents);
      troubles.show(state);
      cluster.show(state);
      tour.show(state);
      panes.news("cluster");
    },
    lost: (away) => { byID("lost").hidden = !away; },
  });
}

function theme() {
  const choose = (name) => {
    document.documentElement.dataset.theme = name;
    document.querySelector(`#theme input[value=${name}]`).checked = true;
  };
  choose({light: "light", dark: "dark"}[keep.get("theme", "auto")] ?? "auto");
  byID("theme").addEventListener("change", (event) => {
    choose(event.target.value);
    keep.set("theme", event.target.value);
  });
}

function launchForm() {
  const form = byID("launch"), said = form.querySelector(".said");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const {app, instances, agent} = form.elements;
    try {
      await change({do: "launch", app: app.value.trim(), instances: Number(instances.value), agent: agent.value});
      said.textContent = "";
    } catch (error) {
      said.textContent = error.message;
    }
  });
}

theme();
panes.start();
chat.start({names, me: composer.person});
home.start({names, me: composer.person});
modal.start({names, me: composer.person});
tour.start(settings.people);
troubles.start({redis: settings.redis});
launchForm();
composer.start({
  submit(person, text) {
    home.leave();
    return chat.say(person, text);
  },
  switched(person) {
    chat.switched();
    home.switched();
    listen(person);
  },
  vocabulary: () => ({verbs: settings.verbs, agents}),
});
listen(composer.person());
