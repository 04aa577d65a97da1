// Words and numbers for people. What other hubs and clients have chosen passes through `plain`.

// Control characters, and those that turn the direction of what follows.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/gu;

/** Return a text that shows all that is in it, cut to at most `most` characters. */
export function plain(text, most = 200) {
  const shown = String(text).replace(HIDDEN, "\ufffd");
  const characters = [...shown];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : shown;
}

export function shortId(id) {
  return plain(id, 200).slice(0, 8);
}

/** Return the host and port of a WebSocket address. */
export function place(address) {
  return plain(address, 200).replace(/^wss?:\/\//, "").replace(/\/$/, "");
}

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** Return a number in three letters or four. */
export const short = (number) => SHORT.format(number);

export function count(number) {
  return Math.abs(number) < 10_000 ? WHOLE.format(number) : SHORT.format(number);
}

/** Return a rate: with one digit behind the point where that says something. */
export function rate(number) {
  return number < 9.95 && number % 1 ? number.toFixed(1) : count(number);
}

export function many(number, one, more = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : more}`;
}

export function bytes(number) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (number >= 1024 && unit < units.length - 1) {
    number /= 1024;
    unit += 1;
  }
  return `${number < 9.95 && unit ? number.toFixed(1) : Math.round(number)} ${units[unit]}`;
}

/** Return a length of time in its largest unit, or its two largest ones. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  const hours = Math.floor(whole / 3600);
  if (hours < 48) return `${hours} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(hours / 24)} days`;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const MINUTES = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });
const MOMENT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export const clock = (milliseconds) => CLOCK.format(milliseconds);
export const minutes = (milliseconds) => MINUTES.format(milliseconds);
export const moment = (milliseconds) => MOMENT.format(milliseconds);
