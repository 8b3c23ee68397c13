// The short names that a bot for operators uses; any other is shown as it was written.

const signs = {
  double_vertical_bar: "⏸", pause_button: "⏸", arrow_forward: "▶", black_right_pointing_triangle: "▶", play: "▶",
  warning: "⚠", white_check_mark: "✅", heavy_check_mark: "✔", x: "✖", no_entry: "⛔", no_entry_sign: "🚫",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", stopwatch: "⏱", alarm_clock: "⏰", clock3: "🕒", calendar: "📅",
  lock: "🔒", unlock: "🔓", key: "🔑", question: "❓", grey_question: "❔", information_source: "ℹ", bulb: "💡",
  snowflake: "❄", ice_cube: "🧊", fire: "🔥", construction: "🚧", wrench: "🔧", hammer_and_wrench: "🛠", gear: "⚙",
  bell: "🔔", no_bell: "🔕", memo: "📝", eyes: "👀", wave: "👋", "+1": "👍", "-1": "👎", thumbsup: "👍", thumbsdown: "👎",
  rotating_light: "🚨", arrows_counterclockwise: "🔄", repeat: "🔁", octagonal_sign: "🛑", stop_sign: "🛑",
  red_circle: "🔴", large_green_circle: "🟢", large_yellow_circle: "🟡", white_circle: "⚪", black_circle: "⚫", large_blue_circle: "🔵",
  mag: "🔍", link: "🔗", robot_face: "🤖", busts_in_silhouette: "👥", bust_in_silhouette: "👤", skull: "💀", ghost: "👻", tada: "🎉",
};

export const emoji = (name) => signs[name] ?? `:${name}:`;
export const knows = (name) => name in signs;
