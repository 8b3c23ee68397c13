// What Tab can make of a command line. Pure: text in, candidates out.

// candidates returns {start, words}: what could stand between start and the
// caret. It completes the command, then a verb of one word or two, then agents, attributes, flags.
export function candidates(before, {verbs, agents}) {
  const start = Math.max(before.lastIndexOf(" "), before.lastIndexOf(",")) + 1;
  const typed = before.slice(start);
  const earlier = before.slice(0, start).split(/[\s,]+/).filter(Boolean);
  const words = pool(earlier, typed, verbs, agents).filter((word) => word.startsWith(typed) && !earlier.includes(word));
  return {start, words: [...new Set(words)]};
}

function pool(earlier, typed, verbs, agents) {
  if (earlier.length === 0) return typed ? ["/mesos"] : [];
  if (earlier[0] !== "/mesos") return [];
  const said = earlier.slice(earlier[1] === "help" ? 2 : 1);
  if (said.length === 0) return verbs.map(({name}) => name.split(" ")[0]);
  const family = verbs.filter(({name}) => name.startsWith(said[0] + " "));
  if (earlier[1] === "help" && !(said.length === 1 && family.length)) return [];
  if (said.length === 1 && family.length) return family.map(({name}) => name.split(" ")[1]);
  const verb = verbs.find(({name}) => name === said[0] || name === said.slice(0, 2).join(" "));
  if (typed.startsWith("-")) return verb?.flags ?? [];
  const last = earlier.at(-1);
  if (["-l", "--attribute"].includes(last)) return agents.flatMap((agent) => Object.entries(agent.attributes ?? {}).map(([key, value]) => `${key}=${value}`));
  if (["--for", "--until", "-m", "--reason", "--page", "--cluster", "-c"].includes(last) || verb?.agents === false || (family.length && last.startsWith("-"))) return [];
  return agents.map((agent) => agent.hostname);
}

// common is the longest start that all words share.
export function common(words) {
  let shared = words[0] ?? "";
  for (const word of words) while (!word.startsWith(shared)) shared = shared.slice(0, -1);
  return shared;
}
