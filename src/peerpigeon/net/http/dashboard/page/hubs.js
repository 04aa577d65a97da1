// The table of hubs, and all that is known of the one that is selected.

import { byId, element, write } from "./elements.js";
import { CARRIERS, STATES } from "./mesh.js";
import { count, duration, many, moment, plain } from "./text.js";

const FEW = 25; // rows before one asks for all

const ORDERS = {
  name: (a, b) => a.name.localeCompare(b.name, "en", { numeric: true }),
  state: (a, b) => RANK[a.state] - RANK[b.state],
  links: (a, b) => linkCount(b) - linkCount(a),
  clients: (a, b) => (b.clients ?? -1) - (a.clients ?? -1),
  hops: (a, b) => (a.hops ?? Infinity) - (b.hops ?? Infinity) || 0,
  since: (a, b) => (a.since ?? 0) - (b.since ?? 0),
};
const RANK = { lost: 0, draining: 1, stopped: 2, npm: 3, ready: 4 };

export class Hubs {
  #body = byId("hub-rows");
  #more = byId("all-hubs");
  #order = "hops";
  #isDown = false;
  #wantsAll = false;
  #mesh = null;
  #chosen = null;
  #now = 0;
  #choose;
  #rows = new Map(); // by id

  constructor(choose) {
    this.#choose = choose;
    for (const button of document.querySelectorAll("#hubs th button")) {
      button.addEventListener("click", () => this.#sort(button.dataset.order));
    }
    this.#more.addEventListener("click", () => {
      this.#wantsAll = true;
      this.#show();
    });
    byId("find-hub").addEventListener("input", () => this.#show());
    this.#markOrder();
  }

  /** Show a mesh as it is `now`, by the clock of the server, and one of its hubs in full. */
  show(mesh, chosen, now) {
    this.#mesh = mesh;
    this.#chosen = chosen;
    this.#now = now;
    this.#show();
    this.#tell(mesh.nodes.get(chosen));
  }

  #sort(order) {
    this.#isDown = this.#order === order && !this.#isDown;
    this.#order = order;
    this.#markOrder();
    this.#show();
  }

  #markOrder() {
    for (const button of document.querySelectorAll("#hubs th button")) {
      const isBy = button.dataset.order === this.#order;
      const way = this.#isDown ? "descending" : "ascending";
      button.closest("th").setAttribute("aria-sort", isBy ? way : "none");
    }
  }

  #show() {
    if (this.#mesh === null) return;
    const wanted = byId("find-hub").value.trim().toLowerCase();
    const fits = (node) =>
      !wanted || [node.id, node.name, STATES[node.state], ...node.addresses].some((text) => text.toLowerCase().includes(wanted));
    const found = this.#mesh.all.filter(fits);
    const way = this.#isDown ? -1 : 1;
    const compare = ORDERS[this.#order];
    found.sort((a, b) => way * compare(a, b) || ORDERS.name(a, b));
    const shown = this.#wantsAll ? found : found.slice(0, FEW);
    const isThere = new Set(shown.map((node) => node.id));
    for (const [id, row] of this.#rows) {
      if (!isThere.has(id)) {
        row.line.remove();
        this.#rows.delete(id);
      }
    }
    shown.forEach((node, index) => {
      const row = this.#rows.get(node.id) ?? this.#add(node);
      this.#fill(row, node);
      // What has the focus loses it when it is moved, so only what has to is.
      if (this.#body.children[index] !== row.line) this.#body.insertBefore(row.line, this.#body.children[index] ?? null);
    });
    this.#more.hidden = shown.length === found.length;
    write(this.#more, `Show all ${found.length} hubs`);
    byId("no-hub").hidden = found.length > 0;
    write(byId("no-hub"), this.#mesh.all.length ? "No hub is like that." : "This server is no hub: it has no mesh.");
  }

  #add(node) {
    const row = { button: element("button", { type: "button", class: "name" }), you: element("span", { class: "soft" }) };
    for (const cell of ["state", "links", "clients", "hops", "since", "id"]) row[cell] = element("td", { class: cell });
    row.pill = element("span");
    row.state.append(row.pill);
    const head = element("th", { scope: "row" }, row.button, row.you);
    row.line = element("tr", {}, head, row.state, row.links, row.clients, row.hops, row.since, row.id);
    row.button.addEventListener("click", () => this.#choose(node.id));
    this.#rows.set(node.id, row);
    return row;
  }

  #fill(row, node) {
    write(row.button, plain(node.name, 60));
    row.button.setAttribute("aria-pressed", String(node.id === this.#chosen));
    row.line.classList.toggle("selected", node.id === this.#chosen);
    write(row.you, node.isOwn ? " this hub" : "");
    write(row.pill, STATES[node.state]);
    row.pill.className = `pill ${node.state}`;
    write(row.links, linksInWords(node));
    write(row.clients, node.clients === null ? "" : count(node.clients));
    write(row.hops, node.isOwn ? "–" : node.hops === null ? "none" : String(node.hops));
    const length = node.since === null ? "" : duration((this.#now - node.since) / 1000);
    write(row.since, node.isPast && node.state !== "ready" ? `${length} ago` : length);
    write(row.id, plain(node.id.slice(0, 12)));
  }

  /** Show all that is known of the selected hub. */
  #tell(node) {
    const place = byId("selected");
    if (node === undefined) {
      write(byId("selected-title"), "Selected hub");
      byId("selected-hint").hidden = false;
      byId("selected-facts").replaceChildren();
      place.dataset.id = "";
      return;
    }
    byId("selected-hint").hidden = true;
    place.dataset.id = node.id;
    write(byId("selected-title"), `${plain(node.name, 60)}${node.isOwn ? " (this hub)" : ""}`);
    const facts = [
      ["State", element("span", { class: `pill ${node.state}` }, STATES[node.state])],
      [node.isPast ? "Left" : "In the mesh since", node.since === null ? "unknown" : moment(node.since)],
      ["Id", element("code", {}, plain(node.id))],
      ["Addresses", node.addresses.length ? list(node.addresses.map((each) => element("code", {}, plain(each)))) : "tells none"],
      ["Links", this.#links(node)],
    ];
    const lines = facts.map(([term, said]) => element("div", {}, element("dt", {}, term), element("dd", {}, said)));
    const facts_ = byId("selected-facts");
    const text = lines.map((line) => line.textContent).join("\n");
    if (facts_.dataset.text !== text || facts_.dataset.id !== node.id) {
      facts_.dataset.text = text;
      facts_.dataset.id = node.id;
      facts_.replaceChildren(...lines);
    }
  }

  #links(node) {
    const found = this.#mesh.neighbours(node).filter(([, link]) => link.carrier !== "lost");
    if (found.length === 0) return "none";
    found.sort(([a], [b]) => ORDERS.name(a, b));
    const rows = found.slice(0, 40).map(([other, link]) => {
      const carrier = CARRIERS[link.carrier] ?? "another way";
      const purpose = link.purpose === "mesh" ? "" : `, ${link.purpose}`;
      return `${plain(other.name, 60)} (${carrier}${purpose})`;
    });
    const rest = found.length - rows.length;
    return list(rest > 0 ? [...rows, `and ${many(rest, "more", "more")}`] : rows);
  }
}

const linkCount = (node) => node.p2p + node.local + node.websocket;

function linksInWords(node) {
  const parts = [];
  if (node.p2p || !(node.websocket || node.local)) parts.push(String(node.p2p));
  if (node.local) parts.push(many(node.local, "worker"));
  if (node.websocket) parts.push(many(node.websocket, "socket"));
  return parts.join(", ");
}

const list = (items) => element("ul", {}, ...items.map((item) => element("li", {}, item)));
