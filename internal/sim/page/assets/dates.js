// Slack's date tokens, in the reader's own zone.

const part = (options) => (date) => new Intl.DateTimeFormat(undefined, options).format(date);

const shortDate = part({month: "short", day: "numeric", year: "numeric"});
const longDate = part({weekday: "long", month: "long", day: "numeric", year: "numeric"});
const plainDate = part({month: "long", day: "numeric", year: "numeric"});

const tokens = {
  time: part({hour: "numeric", minute: "2-digit"}),
  time_secs: part({hour: "numeric", minute: "2-digit", second: "2-digit"}),
  date_num: part({year: "numeric", month: "2-digit", day: "2-digit"}),
  date_slash: part({year: "numeric", month: "2-digit", day: "2-digit"}),
  date: plainDate,
  date_short: shortDate,
  date_long: longDate,
  date_pretty: pretty(plainDate),
  date_short_pretty: pretty(shortDate),
  date_long_pretty: pretty(longDate),
  day_divider_pretty: pretty(longDate),
  ago,
};

function pretty(format) {
  return (date) => {
    const midnight = (when) => new Date(when.getFullYear(), when.getMonth(), when.getDate());
    const days = Math.round((midnight(date) - midnight(new Date())) / 86_400_000);
    return {"-1": "yesterday", 0: "today", 1: "tomorrow"}[days] ?? format(date);
  };
}

function ago(date) {
  const seconds = Math.round((date - Date.now()) / 1000);
  const [unit, size] = [["day", 86_400], ["hour", 3600], ["minute", 60]].find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return new Intl.RelativeTimeFormat().format(Math.round(seconds / size), unit);
}

// formatDate replaces each {token}; an unknown one means that fallback is shown, as Slack does.
export function formatDate(seconds, format, fallback) {
  const date = new Date(Number(seconds) * 1000);
  let known = !Number.isNaN(date.getTime());
  const text = known && String(format).replace(/\{(\w+)\}/g, (_, name) => {
    known &&= name in tokens;
    return known ? tokens[name](date) : "";
  });
  return known ? text : fallback;
}

export const clock = (ts) => tokens.time(new Date(Number(ts) * 1000));
export const fullTime = (ts) => `${longDate(new Date(Number(ts) * 1000))}, ${tokens.time_secs(new Date(Number(ts) * 1000))}`;
