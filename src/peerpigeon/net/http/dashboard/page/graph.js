// The mesh as a picture. Whoever cannot see it has the table of hubs, which says the same.

import { byId, shape, write } from "./elements.js";
import { Labels } from "./labels.js";
import { Layout } from "./layout.js";
import { inWords, STATES } from "./mesh.js";
import { plain, short } from "./text.js";

/** Hubs above which they are drawn as dots, with the names of those alone that matter. */
export const SIMPLE_ABOVE = 120;

const EDGES = ["p2p", "local", "websocket", "lost", "chosen"];
const MARGIN = { top: 46, bottom: 46 };
const LABEL = 22;
const NARROW = 480;

export class Graph {
  #picture = byId("graph");
  #edges = new Map();
  #dots = shape("g");
  #before = shape("g"); // those that matter, before the others
  #shown = new Map(); // by id: the elements of a hub
  #mesh = null;
  #chosen = null;
  #choose;
  #size = { width: 600, height: 400 };
  #layout = new Layout(() => this.#draw());
  #isPlaced = false;

  /** `choose` is called with the id of a hub that was clicked at. */
  constructor(choose) {
    this.#choose = choose;
    for (const kind of EDGES) this.#edges.set(kind, shape("path", { class: `edge ${kind}` }));
    this.#picture.append(...this.#edges.values(), this.#dots, this.#before);
    new ResizeObserver(([entry]) => {
      const { width, height } = entry.contentRect;
      this.#size = { width, height };
      this.#picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
      if (this.#mesh !== null) this.#keep(this.#mesh.all, this.#isLarge);
      this.#draw();
    }).observe(this.#picture);
  }

  show(mesh, chosen) {
    const isSame = this.#mesh === mesh && this.#shape === shapeOf(mesh);
    this.#mesh = mesh;
    this.#chosen = chosen;
    this.#shape = shapeOf(mesh);
    const nodes = mesh.all;
    const isLarge = nodes.length > SIMPLE_ABOVE;
    this.#picture.classList.toggle("large", isLarge);
    this.#keep(nodes, isLarge);
    const simple = isLarge
      ? ` Drawn simplified, as there are more than ${SIMPLE_ABOVE} hubs: names are shown of this hub, of lost ones and of the one that is selected.`
      : "";
    write(byId("graph-text"), inWords(mesh) + simple);
    if (isSame) {
      this.#draw();
    } else if (nodes.length) {
      const isNew = !this.#isPlaced || this.#isLarge !== isLarge;
      this.#isPlaced = true;
      this.#isLarge = isLarge;
      this.#layout.arrange(nodes, mesh.links, { ...this.#size, isLarge, isNew });
    }
  }

  #shape = "";
  #isLarge = false;

  /** Have one group of elements for each hub. */
  #keep(nodes, isLarge) {
    for (const [id, { group }] of this.#shown) {
      if (!this.#mesh.nodes.has(id)) {
        group.remove();
        this.#shown.delete(id);
      }
    }
    const busiest = Math.max(1, ...nodes.map((node) => node.clients ?? 0));
    for (const node of nodes) {
      const parts = this.#shown.get(node.id) ?? this.#add(node);
      const isChosen = node.id === this.#chosen;
      const kind = node.isOwn ? "own" : "other";
      const marks = `hub ${node.state} ${kind}${isChosen ? " selected" : ""}`;
      const matters = node.isOwn || isChosen || node.state === "lost";
      if (parts.group.getAttribute("class") !== marks) {
        parts.group.setAttribute("class", marks);
        (matters ? this.#before : this.#dots).append(parts.group);
      }
      const name = this.#size.width < NARROW ? node.shortName : node.name;
      write(parts.label, matters || !isLarge ? plain(name, LABEL) : "");
      write(parts.title, `${node.name}, ${STATES[node.state]}`);
      const most = Math.max(7, Math.min(12, 13.5 - nodes.length / 8));
      const load = 5 * Math.sqrt((node.clients ?? 0) / busiest);
      const radius = isLarge ? (matters ? 6 : 3.5) : (node.isOwn ? most + 3 : most) + load;
      node.radius = radius;
      parts.dot.setAttribute("r", radius);
      parts.ring.setAttribute("r", radius + (isLarge ? 3 : 5));
      parts.reach = radius + (isLarge ? 6 : 9);
      const clients = node.clients === null || radius < 11 ? "" : short(node.clients);
      const mark = { lost: "×", stopped: "–", draining: "↓" }[node.state] ?? clients;
      write(parts.mark, isLarge ? "" : mark);
    }
  }

  #add(node) {
    const parts = {
      title: shape("title"),
      ring: shape("circle", { class: "ring" }),
      dot: shape("circle", { class: "dot" }),
      mark: shape("text", { class: "mark", dy: "0.35em" }),
      label: shape("text", { class: "label" }),
    };
    parts.group = shape("g", {}, parts.title, parts.ring, parts.dot, parts.mark, parts.label);
    parts.group.addEventListener("click", () => this.#choose(node.id));
    this.#shown.set(node.id, parts);
    return parts;
  }

  #draw() {
    const nodes = this.#mesh?.all.filter((node) => node.x !== undefined) ?? [];
    const spot = this.#fit(nodes);
    const dots = this.#isLarge ? [] : nodes.map((node) => [...spot(node), node.radius]);
    const labels = new Labels(this.#size, dots);
    for (const node of nodes.sort((a, b) => this.#rank(a) - this.#rank(b))) {
      const parts = this.#shown.get(node.id);
      if (parts === undefined) continue;
      const [x, y] = spot(node);
      parts.group.setAttribute("transform", `translate(${x} ${y})`);
      const letters = parts.label.textContent.length;
      const place = labels.place(letters, x, y, parts.reach, this.#rank(node) < 3);
      parts.label.setAttribute("visibility", place === null ? "hidden" : "visible");
      if (place !== null) parts.label.setAttribute("y", place);
    }
    const lines = new Map(EDGES.map((kind) => [kind, []]));
    for (const { source, target, carrier } of this.#mesh?.links ?? []) {
      if (source.x === undefined || target.x === undefined) continue;
      const line = `M${spot(source).join(" ")}L${spot(target).join(" ")}`;
      lines.get(carrier).push(line);
      const isChosen = source.id === this.#chosen || target.id === this.#chosen;
      if (isChosen && carrier !== "lost") lines.get("chosen").push(line);
    }
    for (const [kind, edge] of this.#edges) edge.setAttribute("d", lines.get(kind).join(""));
  }

  /** Return whose name is written first, the smallest. */
  #rank(node) {
    if (node.id === this.#chosen) return 0;
    return node.isOwn ? 1 : { lost: 2, draining: 3, stopped: 5 }[node.state] ?? 4;
  }

  /** Return where each is on the screen, so that all of them are in the picture. */
  #fit(nodes) {
    const xs = nodes.map((node) => node.x);
    const ys = nodes.map((node) => node.y);
    const [left, right] = [Math.min(...xs), Math.max(...xs)];
    const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
    const side = this.#isLarge || this.#size.width < NARROW ? 32 : 64;
    const width = this.#size.width - 2 * side;
    const height = this.#size.height - MARGIN.top - MARGIN.bottom;
    const scale = Math.min(2.4, width / Math.max(1, right - left), height / Math.max(1, bottom - top));
    const [x, y] = [side + width / 2, MARGIN.top + height / 2];
    return (node) => [
      Math.round(10 * (x + scale * (node.x - (left + right) / 2))) / 10,
      Math.round(10 * (y + scale * (node.y - (top + bottom) / 2))) / 10,
    ];
  }
}

/** Return what differs when hubs or links have come or gone. */
function shapeOf(mesh) {
  const links = mesh.links.map(({ source, target }) => `${source.id}-${target.id}`);
  return [...mesh.nodes.keys(), ...links].sort().join();
}
