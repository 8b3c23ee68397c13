// What Tab can make of a command line. Pure: text in, candidates out.

// candidates returns {start, words}: what could stand between start and the
// caret. It completes the command, then a verb, then agents, attributes, flags.
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
  if (earlier.length === 1 || (earlier[1] === "help" && earlier.length === 2)) return verbs.map((verb) => verb.name);
  const verb = verbs.find(({name}) => name === earlier[1]);
  if (typed.startsWith("-")) return verb?.flags ?? [];
  const last = earlier.at(-1);
  if (["-l", "--attribute"].includes(last)) return agents.flatMap((agent) => Object.entries(agent.attributes ?? {}).map(([key, value]) => `${key}=${value}`));
  if (["--for", "--until", "-m", "--reason", "--page", "--cluster", "-c"].includes(last) || verb?.agents === false) return [];
  return agents.map((agent) => agent.hostname);
}

// common is the longest start that all words share.
export function common(words) {
  let shared = words[0] ?? "";
  for (const word of words) while (!word.startsWith(shared)) shared = shared.slice(0, -1);
  return shared;
}
