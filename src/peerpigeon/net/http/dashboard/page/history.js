// The figures of the last minutes, one column each, and rates of those that count since the start.

export const KEPT = 300; // seconds

/** Columns for a chart: seconds since 1970, then values; `null` is where the page heard nothing. */
export class History {
  #rows = [];
  #last = null;

  /** Take the figures of a moment; return the rates since the last one, per second. */
  add(figures) {
    const last = this.#last;
    const seconds = last ? (figures.time - last.time) / 1000 : 0;
    // A server that was started again counts from zero, and a clock may be set.
    const follows = seconds > 0 && seconds < 10 && figures.uptime >= last.uptime;
    const perSecond = (name) =>
      follows ? Math.max(0, figures[name] - last[name]) / seconds : null;
    const rates = { relayed: perSecond("relayed"), refused: perSecond("refused") };
    if (last && seconds <= 0) this.#rows.length = 0;
    if (last && seconds >= 10) this.#rows.push({ time: last.time / 1000 + 1 });
    this.#last = figures;
    this.#rows.push({ ...figures, ...rates, time: figures.time / 1000 });
    const oldest = figures.time / 1000 - KEPT - 5;
    while (this.#rows[0].time < oldest) this.#rows.shift();
    return rates;
  }

  /** Return the column of times, and one for each of the names. */
  columns(names) {
    return ["time", ...names].map((name) => this.#rows.map((row) => row[name] ?? null));
  }
}
