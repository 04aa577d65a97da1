// The dashboard: listens to its server, and has each part of the page show what is told.

import { Charts } from "./charts.js";
import { byId, write } from "./elements.js";
import { Events } from "./events.js";
import { Graph } from "./graph.js";
import { History } from "./history.js";
import { Hubs } from "./hubs.js";
import { listen } from "./live.js";
import { carriersInWords, inWords, Mesh } from "./mesh.js";
import { Namespaces } from "./namespaces.js";
import { bytes, count, duration, many, plain, rate, shortId } from "./text.js";

const SAID_FOR = 8_000; // milliseconds between what is said aloud

const mesh = new Mesh();
const history = new History();
const charts = new Charts();
const namespaces = new Namespaces();
const events = new Events((id) => mesh.nodes.get(id)?.name ?? shortId(id));
const hubs = new Hubs(choose);
const graph = new Graph(choose);

let chosen = null;
let now = Date.now(); // by the clock of the server
let version = null;
let isNew = true; // whether the stream has just begun
let toSay = [];
let isSaying = false;

function choose(id) {
  chosen = id;
  showMesh();
}

function showMesh() {
  if (!mesh.nodes.has(chosen)) chosen = mesh.own;
  graph.show(mesh, chosen);
  hubs.show(mesh, chosen, now);
  const { live, lost, open } = mesh;
  write(byId("hub-count"), mesh.isHub ? count(live.length) : "–");
  write(byId("hub-note"), !mesh.isHub ? "no hub" : lost.length ? `${count(lost.length)} lost` : "all in reach");
  byId("hub-tile").classList.toggle("bad", lost.length > 0);
  write(byId("link-count"), mesh.isHub ? count(open.length) : "–");
  write(byId("link-note"), open.length ? carriersInWords(open) : "");
  const own = mesh.nodes.get(mesh.own);
  write(byId("own-name"), own ? plain(own.name, 60) : location.host);
  write(byId("own-id"), plain((mesh.own ?? "").slice(0, 12)));
}

function showFigures(figures) {
  now = figures.time;
  if (version !== null && version !== figures.version) location.reload();
  version = figures.version;
  const rates = history.add(figures);
  charts.show(history);
  namespaces.show(figures);
  mesh.countClients(figures.clients);
  write(byId("version"), `version ${figures.version}, up ${duration(figures.uptime)}`);
  write(byId("client-count"), count(figures.clients));
  write(byId("client-note"), `of ${count(figures.mostClients)}`);
  write(byId("signal-rate"), rates.relayed === null ? "–" : rate(rates.relayed));
  write(byId("signal-note"), `${count(figures.refused)} refused so far`);
  write(byId("namespace-count"), count(figures.namespaces));
  write(byId("namespace-note"), `${many(figures.announced, "client")} in them`);
  write(byId("memory"), figures.resident == null ? "–" : bytes(figures.resident));
  write(byId("memory-note"), `${bytes(figures.kept)} kept of ${bytes(figures.mostKept)}`);
  showServing(figures);
  if (mesh.expire(now) || mesh.own !== null) showMesh();
}

/** Say whether clients are to be sent to this hub, and over what its mesh runs. */
function showServing({ serving, ready, migrated }) {
  const pill = byId("serving");
  pill.hidden = false;
  pill.className = `pill ${serving === "ready" ? "ready" : "draining"}`;
  write(pill, serving);
  byId("migrated").hidden = !ready;
  write(byId("migrated"), migrated ? "mesh over WebRTC" : "mesh moves to WebRTC");
}

/** Say changes of the mesh to who cannot see them, not more often than one can listen. */
function say(sentences) {
  toSay.push(...sentences);
  if (isSaying || toSay.length === 0) return;
  const said = toSay.length > 3 ? [`${toSay.length} changes in the mesh.`] : toSay;
  write(byId("said"), [...said, inWords(mesh)].join(" "));
  toSay = [];
  isSaying = true;
  setTimeout(() => {
    isSaying = false;
    say([]);
  }, SAID_FOR);
}

listen("dashboard/events", {
  state(state) {
    if (state === "lost") isNew = true;
    const pill = byId("connection");
    pill.className = `pill ${state === "live" ? "ready" : "lost"}`;
    write(pill, state === "live" ? "live" : "no connection, trying again");
    document.body.classList.toggle("stale", state !== "live");
  },
  mesh(told) {
    say(mesh.update(told, performance.now()));
    showMesh();
  },
  figures: showFigures,
  events(told) {
    events.add(told, isNew);
    isNew = false;
  },
});
