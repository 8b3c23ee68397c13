// What the page asks of its server.

async function post(path, body) {
  let response;
  try {
    response = await fetch(path, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)});
  } catch {
    throw new Error("The demo does not answer. Is it still running?");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error || `The demo answered ${response.status}.`);
  return answer;
}

export const send = (user, text) => post("/sim/commands", {user, text});
export const press = (click) => post("/sim/click", click);
export const suggest = (typed) => post("/sim/suggest", typed);
export const openHome = (user) => post("/sim/home", {user});
export const submit = (submission) => post("/sim/submit", submission);
export const close = (dialog) => post("/sim/close", dialog);
export const change = (request) => post("/sim/cluster", request);

// follow calls on.chat, on.views, on.home and on.cluster with the whole state, at first and after
// each change, and on.lost with whether the stream is away. It returns a stop.
export function follow(user, on) {
  const source = new EventSource("/sim/events?user=" + encodeURIComponent(user));
  source.addEventListener("chat", (event) => on.chat(JSON.parse(event.data).messages));
  source.addEventListener("views", (event) => on.views(JSON.parse(event.data).views));
  source.addEventListener("home", (event) => on.home(JSON.parse(event.data)));
  source.addEventListener("cluster", (event) => on.cluster(JSON.parse(event.data)));
  source.addEventListener("open", () => on.lost(false));
  source.addEventListener("error", () => on.lost(true));
  return () => source.close();
}
