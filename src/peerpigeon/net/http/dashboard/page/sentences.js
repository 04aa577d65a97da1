// What the events of a server say, in words, and of which kind they are.

import { many, plain, shortId } from "./text.js";

const OF_CLIENTS = new Set(["peerConnected", "peerDisconnected", "peerAnnounced", "peerGoodbye"]);
const TROUBLE = new Set(["error", "hubAlone", "bootstrapDisconnected"]);

/** Return `clients`, `trouble` or `mesh`. */
export function kindOf(event) {
  if (OF_CLIENTS.has(event.event)) return "clients";
  return TROUBLE.has(event.event) ? "trouble" : "mesh";
}

const because = (event) =>
  event.reason ? `: ${plain(event.reason)} (${event.code})` : ` (${event.code})`;

const SENTENCES = {
  started: (e) => `The server listens at ${plain(e.host)}, port ${e.port}`,
  stopped: () => "The server has stopped",
  draining: (e) => `The server lets ${many(e.connections, "client")} go, in ${e.drainTime} s, and then stops`,
  error: (e) => plain(e.message, 400),
  peerConnected: (e) => `Client ${shortId(e.peerId)} has connected, ${many(e.totalConnections, "client")} now`,
  peerDisconnected: (e) =>
    `Client ${shortId(e.peerId)} is gone${because(e)}, ${many(e.totalConnections, "client")} now`,
  peerAnnounced: (e) => `Client ${shortId(e.peerId)} is in namespace “${plain(e.networkName, 60)}”`,
  peerGoodbye: (e) => `Client ${shortId(e.peerId)} has said goodbye`,
  hubRegistered: (e, hub) => `Hub ${hub(e.peerId)} is in the mesh, ${many(e.totalHubs, "hub")} now`,
  hubUnregistered: (e, hub) => `Hub ${hub(e.peerId)} has left the mesh, ${many(e.totalHubs, "hub")} now`,
  hubP2PConnected: (e, hub) => `A data channel to hub ${hub(e.hubPeerId)} is open`,
  hubP2PDisconnected: (e, hub) => `The data channel to hub ${hub(e.hubPeerId)} has ended`,
  hubMeshReady: (e) =>
    `This hub is ready: ${many(e.p2pConnections, "data channel")}, ${many(e.totalHubs, "hub")}`,
  hubMeshMigrated: (e) => `The hubs have left WebSocket: ${many(e.migratedCount, "socket")} closed`,
  hubDiscovered: (e, hub) => `Hub ${hub(e.peerId)} was heard of, from ${hub(e.via)}`,
  hubAlone: (e) => plain(e.message, 400),
  bootstrapConnected: (e) => `The bootstrap hub at ${plain(e.uri, 80)} answers`,
  bootstrapDisconnected: (e) => `The bootstrap hub at ${plain(e.uri, 80)} is not linked${because(e)}`,
};

/**
 * Return an event as a sentence; of one that this page does not know, what it holds.
 * `hub` gives the name of a hub by its id.
 */
export function sentence(event, hub) {
  const words = SENTENCES[event.event];
  if (words !== undefined) return words(event, hub);
  const { event: _, time: __, ...rest } = event;
  return plain(JSON.stringify(rest), 300);
}
