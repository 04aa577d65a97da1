// This hub's figures over the last minutes. Beside each chart stands what it says now, as text.

/* global uPlot */

import { byId, colour, element, write } from "./elements.js";
import { KEPT } from "./history.js";
import { bytes, clock, count, minutes, rate } from "./text.js";

const HEIGHT = 150;

const CHARTS = [
  {
    id: "signals-chart",
    title: "Signals per second",
    format: rate,
    series: [
      ["relayed", "relayed", "--first"],
      ["refused", "refused", "--second"],
    ],
  },
  {
    id: "clients-chart",
    title: "Clients",
    format: count,
    series: [
      ["clients", "connected", "--first"],
      ["announced", "in a namespace", "--second"],
    ],
  },
  {
    id: "memory-chart",
    title: "Memory",
    format: bytes,
    series: [
      ["resident", "resident", "--first"],
      ["kept", "kept for others", "--second"],
    ],
  },
];

export class Charts {
  #charts = CHARTS.map((told) => new Chart(told));

  constructor() {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      for (const chart of this.#charts) chart.redraw();
    });
  }

  show(history) {
    for (const chart of this.#charts) chart.show(history);
  }
}

class Chart {
  #told;
  #plot;
  #place;
  #values = new Map();
  #time = element("span", { class: "soft when" });

  constructor(told) {
    this.#told = told;
    this.#place = element("div", { class: "plot", "aria-hidden": "true" });
    const values = told.series.map(([name, title, hue]) => {
      const value = element("strong");
      this.#values.set(name, value);
      const swatch = element("span", { class: `swatch ${hue.slice(2)}` });
      return element("span", {}, swatch, `${title} `, value);
    });
    const caption = element("figcaption", {}, element("h3", {}, told.title), element("p", { class: "values" }, ...values, this.#time));
    byId(told.id).append(caption, this.#place);
    this.#plot = new uPlot(this.#options(), [[], ...told.series.map(() => [])], this.#place);
    new ResizeObserver(([entry]) => {
      this.#plot.setSize({ width: Math.floor(entry.contentRect.width), height: HEIGHT });
    }).observe(this.#place);
  }

  show(history) {
    this.#plot.setData(history.columns(this.#told.series.map(([name]) => name)));
    this.#say();
  }

  redraw() {
    this.#plot.redraw(false, true);
  }

  /** Write down the values where the pointer is, or the latest ones. */
  #say() {
    const [times, ...columns] = this.#plot.data;
    const pointed = this.#plot.cursor.idx;
    const index = pointed ?? times.length - 1;
    this.#told.series.forEach(([name], number) => {
      const value = columns[number][index];
      write(this.#values.get(name), value == null ? "–" : this.#told.format(value));
    });
    write(this.#time, pointed == null ? "" : `at ${clock(times[index] * 1000)}`);
  }

  #options() {
    const { format, series } = this.#told;
    const soft = () => colour("--soft");
    const grid = { stroke: () => colour("--grid"), width: 1 };
    const font = "12px system-ui, sans-serif";
    const axis = { stroke: soft, grid, ticks: { show: false }, font };
    const times = (_, splits) =>
      splits.map((seconds) => (seconds % 60 ? "" : minutes(seconds * 1000)));
    const isMemory = format === bytes;
    return {
      width: Math.max(200, this.#place.clientWidth),
      height: HEIGHT,
      padding: [8, 20, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: "dashboard" },
        drag: { x: false, y: false },
        y: false,
        points: { size: 7 },
      },
      scales: {
        x: { range: (_, first, latest) => [Math.max(latest - KEPT, Math.min(first, latest - 60)), latest] },
        y: { range: (_, __, most) => [0, ceiling(most ?? 0, isMemory)] },
      },
      axes: [
        { ...axis, values: times, size: 28, space: 60, incrs: [30, 60, 120] },
        { ...axis, values: (_, splits) => splits.map(format), size: isMemory ? 66 : 48, space: 36, splits: (_, __, ___, most) => [0, most / 2, most] },
      ],
      series: [
        {},
        ...series.map(([, label, hue], number) => ({
          label,
          stroke: () => colour(hue),
          fill: number === 0 ? () => colour(`${hue}-soft`) : undefined,
          width: 2,
          points: { show: false },
        })),
      ],
      hooks: { setCursor: [() => this.#say()] },
    };
  }
}

/** Return a round number above the largest value, of which the half is round too. */
function ceiling(most, isMemory) {
  if (isMemory) {
    let top = 1 << 20;
    while (top < most * 1.1) top *= 2;
    return top * 0.75 > most * 1.1 ? top * 0.75 : top;
  }
  if (most < 2) return 2;
  const unit = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 6, 10, 20].map((times) => times * unit).find((top) => top >= most * 1.05);
}
