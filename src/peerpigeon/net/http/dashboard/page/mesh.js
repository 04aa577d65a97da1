// The mesh as the page knows it: what the server has told last, and what it told before of hubs
// that are lost. No document is touched here.

import { many, place, shortId } from "./text.js";

const LINGER = 10_000; // milliseconds in which it shows that the hub of a link that ended is lost
const SHOWN_FOR = { lost: 300_000, stopped: 30_000 }; // milliseconds, as the server tells of them

/** What a state is called, and whether it is good news. */
export const STATES = {
  ready: "ready",
  draining: "draining",
  lost: "lost",
  stopped: "stopped",
  npm: "npm package",
};

const isGone = (node) => node.state === "lost" || node.state === "stopped";

export class Mesh {
  constructor() {
    this.isHub = true;
    this.own = null;
    this.nodes = new Map(); // by id; the objects stay the same, with where they are drawn
    this.links = []; // { source, target, carrier, purpose }
  }

  #past = new Map(); // links that have ended

  /** Take what the server tells `now`, in milliseconds; return what has changed, as sentences. */
  update(told, now) {
    const isFirst = this.own === null;
    const before = new Map([...this.nodes].map(([id, node]) => [id, node.state]));
    const former = this.links;
    this.isHub = told.isHub;
    this.own = told.own;
    const live = told.hubs.map((hub) => this.#take(hub));
    const nodes = [...live, ...told.gone.map((hub) => this.#take(hub))];
    this.nodes = new Map(nodes.map((node) => [node.id, node]));
    this.links = told.links.map(([source, target, carrier, purpose]) => ({
      source: live[source],
      target: live[target],
      carrier,
      purpose,
    }));
    this.#keepLost(former, now);
    this.#name(nodes);
    this.#count();
    return isFirst ? [] : this.#changes(before);
  }

  /** Forget those that left long ago, by the clock of the server; tell whether there were any. */
  expire(now) {
    const old = [...this.nodes.values()].filter(
      (node) => node.isPast && node.since !== null && node.since < now - SHOWN_FOR[node.state],
    );
    for (const node of old) this.nodes.delete(node.id);
    const isThere = (node) => this.nodes.has(node.id);
    this.links = this.links.filter((link) => isThere(link.source) && isThere(link.target));
    return old.length > 0;
  }

  get all() {
    return [...this.nodes.values()];
  }

  /** Return the hubs that are in the mesh. */
  get live() {
    return this.all.filter((node) => !isGone(node));
  }

  /** Take how many clients this hub has, which it knows best. */
  countClients(clients) {
    const own = this.nodes.get(this.own);
    if (own !== undefined) own.clients = clients;
  }

  get lost() {
    return this.all.filter((node) => node.state === "lost");
  }

  /** Return the links that carry something. */
  get open() {
    return this.links.filter((link) => link.carrier !== "lost");
  }

  /** Return the hubs to which one is linked, and by what. */
  neighbours(node) {
    const links = this.links.filter((link) => link.source === node || link.target === node);
    return links.map((link) => [link.source === node ? link.target : link.source, link]);
  }

  #take(hub) {
    const node = this.nodes.get(hub.id) ?? {};
    return Object.assign(node, { clients: null }, hub, { isOwn: hub.id === this.own, isPast: isGone(hub) });
  }

  /** Go on showing where a hub was linked that is lost: its links go before it is known to be. */
  #keepLost(former, now) {
    const key = ({ source, target }) => `${source.id} ${target.id}`;
    for (const link of former) {
      if (link.carrier !== "lost") this.#past.set(key(link), { ...link, carrier: "lost", until: now + LINGER });
    }
    for (const link of this.links) this.#past.delete(key(link));
    for (const [name, link] of this.#past) {
      const { source, target, until } = link;
      const isThere = this.nodes.has(source.id) && this.nodes.has(target.id);
      const isLost = source.state === "lost" || target.state === "lost";
      if (isThere && isLost) this.links.push(link);
      else if (!isThere || now > until) this.#past.delete(name);
    }
  }

  /** Name each by where it is dialled, or by its id where that is not known or not its alone. */
  #name(nodes) {
    const names = nodes.map((node) => (node.addresses.length ? place(node.addresses[0]) : ""));
    const times = new Map();
    for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
    nodes.forEach((node, index) => {
      const isItsAlone = names[index] && times.get(names[index]) === 1;
      node.name = isItsAlone ? names[index] : shortId(node.id);
    });
    const parts = nodes.map((node) => /^(.+)(:\d+)$/.exec(node.name));
    const [host, port] = [1, 2].map((part) => new Set(parts.map((found) => found?.[part])));
    nodes.forEach((node, index) => {
      // What all have in common says nothing where there is little room.
      const shortest = host.size === 1 ? parts[index]?.[2] : port.size === 1 ? parts[index]?.[1] : null;
      node.shortName = shortest ?? node.name;
    });
  }

  /** Count the links of each, and how many of them lead there from this hub. */
  #count() {
    const around = new Map(this.all.map((node) => [node, []]));
    for (const node of this.nodes.values()) {
      Object.assign(node, { p2p: 0, local: 0, websocket: 0, hops: null });
    }
    for (const { source, target, carrier } of this.open) {
      for (const [one, other] of [[source, target], [target, source]]) {
        one[carrier] += 1;
        around.get(one).push(other);
      }
    }
    const own = this.nodes.get(this.own);
    if (own === undefined) return;
    own.hops = 0;
    const queue = [own];
    for (const node of queue) {
      for (const other of around.get(node)) {
        if (other.hops === null) {
          other.hops = node.hops + 1;
          queue.push(other);
        }
      }
    }
  }

  #changes(before) {
    const said = [];
    for (const node of this.nodes.values()) {
      const was = before.get(node.id);
      if (was === node.state) continue;
      if (node.state === "lost") said.push(`Hub ${node.name} is lost.`);
      else if (node.state === "stopped") said.push(`Hub ${node.name} has stopped.`);
      else if (node.state === "draining") said.push(`Hub ${node.name} is draining.`);
      else if (was === undefined) said.push(`Hub ${node.name} has joined.`);
      else said.push(`Hub ${node.name} is back.`);
    }
    return said;
  }
}

/** What links run over, by the name of the carrier. */
export const CARRIERS = { p2p: "data channel", local: "same machine", websocket: "WebSocket" };

/** Say what links run over. Data channels are what there should be, so others are named. */
export function carriersInWords(links) {
  const over = (carrier) => links.filter((link) => link.carrier === carrier).length;
  const parts = [];
  for (const [carrier, how] of [["local", "within one machine"], ["websocket", "over WebSocket"]]) {
    const found = over(carrier);
    if (found === links.length) return `all ${how}`;
    if (found > 0) parts.push(`${count(found)} ${how}`);
  }
  return parts.length > 0 ? parts.join(", ") : "all over data channels";
}

/** Say in one sentence how the mesh is. */
export function inWords(mesh) {
  if (!mesh.isHub) return "This server is no hub: it has no mesh.";
  const { live, lost } = mesh;
  const links = mesh.open;
  const how =
    links.length === 0 ? "no link" : `${many(links.length, "link")}, ${carriersInWords(links)}`;
  const gone = lost.length ? `, ${many(lost.length, "hub")} lost` : "";
  return `${many(live.length, "hub")}${gone}, ${how}.`;
}

const count = (number) => String(number);
