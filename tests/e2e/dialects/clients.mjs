// Clients of other ecosystems, unmodified, behind the few methods that the tests call. What has
// happened to one is kept as lists, which the tests read until they are as wanted.
import "./local_only.mjs";
import { joinRoom } from "@trystero-p2p/torrent";
import TrackerClient from "bittorrent-tracker";
import { Peer } from "peerjs";
import { WebrtcProvider } from "y-webrtc";
import * as Y from "yjs";

/** One client of PeerJS. */
class PeerJs {
  #connections = new Map();
  #peer = null;
  events = [];
  messages = [];
  tracks = [];

  /** Starts, and notes candidates from the first on. */
  startNoting(id, options) {
    this.start(id, options);
    this.noteCandidates();
  }

  start(id, options) {
    const peer = id === null ? new Peer(options) : new Peer(id, options);
    this.#peer = peer;
    peer.on("open", (own) => this.events.push(["open", own]));
    peer.on("disconnected", () => this.events.push(["disconnected"]));
    peer.on("close", () => this.events.push(["close"]));
    peer.on("error", (error) => this.events.push(["error", error.type]));
    peer.on("connection", (connection) => this.#note(connection));
    peer.on("call", (call) => {
      this.#noteCall(call);
      call.answer(picture());
    });
  }

  id() {
    return this.#peer.id;
  }

  connect(target, options) {
    this.#note(this.#peer.connect(target, options));
  }

  call(target) {
    this.#noteCall(this.#peer.call(target, picture()));
  }

  /** The peers to which a data channel is open. */
  open() {
    return [...this.#connections].filter(([, each]) => each.open).map(([target]) => target);
  }

  send(target, text) {
    this.#connections.get(target).send(text);
  }

  /** Sends many candidates to a peer, by the socket that the package has. */
  sendCandidates(target, count) {
    for (let number = 0; number < count; number += 1) {
      this.#peer.socket.send({ type: "CANDIDATE", payload: number, dst: target });
    }
  }

  /** Notes candidates that come, in place of the package, to which they would make no sense. */
  noteCandidates() {
    this.#peer.socket.removeAllListeners("message");
    this.#peer.socket.on("message", ({ type, src, payload }) => this.messages.push([type, src, payload]));
  }

  /** Answers what the server lists, or what kind of an error that is to the client. */
  list() {
    return new Promise((resolve) => {
      this.#peer.once("error", (error) => resolve(error.type));
      this.#peer.listAllPeers(resolve);
    });
  }

  disconnect() {
    this.#peer.disconnect();
  }

  reconnect() {
    this.#peer.reconnect();
  }

  stop() {
    this.#peer.destroy();
  }

  #note(connection) {
    this.#connections.set(connection.peer, connection);
    connection.on("data", (data) => this.messages.push([connection.peer, data]));
  }

  #noteCall(call) {
    call.on("stream", (stream) => {
      this.tracks.push([call.peer, ...stream.getTracks().map((track) => track.kind)]);
    });
  }
}

/** A moving picture that needs no camera. */
function picture() {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  setInterval(() => context.fillRect(Math.random() * 300, 0, 5, 150), 50);
  return canvas.captureStream();
}

/** One document that is shared by y-webrtc. */
class Document {
  #document = new Y.Doc();
  #provider = null;
  #socket = null;

  start(room, signaling, password) {
    this.#provider = new WebrtcProvider(room, this.#document, { signaling, password });
  }

  /** Joins a room at a moment, in ms since 1970. */
  startAt(moment, room, signaling) {
    setTimeout(() => this.start(room, signaling), moment - Date.now());
  }

  /** Remembers the socket that there is. */
  note() {
    this.#socket = this.#provider.signalingConns[0].ws;
  }

  /** Whether that is open and in use. */
  isNoted() {
    return this.#provider.signalingConns[0].ws === this.#socket && this.#socket.readyState === WebSocket.OPEN;
  }

  wait(milliseconds) {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
  }

  set(key, value) {
    this.#document.getMap("text").set(key, value);
  }

  read() {
    return this.#document.getMap("text").toJSON();
  }

  /** What the demo page shares. */
  text() {
    return this.#document.getText("text").toString();
  }

  /** How many other documents are linked by WebRTC. */
  linked() {
    const links = this.#provider?.room?.webrtcConns ?? new Map();
    return [...links.values()].filter((each) => each.connected).length;
  }

  /** How many sockets to signaling servers are open. */
  sockets() {
    return this.#provider.signalingConns.filter((each) => each.connected).length;
  }

  stop() {
    this.#provider.destroy();
  }
}

/** One client of a tracker, for one peer in one swarm. */
class Announcer {
  #client = null;
  #scraped = [];
  counts = [];
  peers = [];
  warnings = [];

  start(infoHash, peerId, announce, left) {
    this.#client = new TrackerClient({ infoHash, peerId, announce });
    this.#client.on("update", (told) => this.counts.push([told.complete, told.incomplete]));
    this.#client.on("scrape", (counts) => this.#scraped.push(counts));
    this.#client.on("peer", (peer) => this.peers.push(peer.id));
    this.#client.on("warning", (warning) => this.warnings.push(String(warning)));
    this.#client.start({ left });
  }

  update() {
    this.#client.update();
  }

  complete() {
    this.#client.complete();
  }

  /** Asks for the counts of swarms, which are in `scraped` then. */
  scrape(infoHashes) {
    this.#client.scrape({ infoHash: infoHashes });
  }

  /** Answers each swarm's counts as they came: its hash, complete, incomplete. */
  scraped() {
    return this.#scraped.map((each) => [each.infoHash, each.complete, each.incomplete]);
  }

  /** Leaves the swarm, and keeps the socket. */
  leave() {
    this.#client.stop();
  }

  stop() {
    return new Promise((resolve) => this.#client.destroy(() => resolve()));
  }
}

/** One client of WebTorrent. */
class Torrents {
  #client = null;
  answers = [];
  texts = [];
  warnings = [];

  async start() {
    const { default: WebTorrent } = await import("webtorrent/dist/webtorrent.min.js");
    this.#client = new WebTorrent({ dht: false, lsd: false, utPex: false, natUpnp: false });
    this.#client.on("error", (error) => this.warnings.push(String(error)));
  }

  /** Seeds a text as a file; answers its info hash. */
  seed(text, announce) {
    const file = new File([text], "words.txt");
    return new Promise((resolve) => {
      const torrent = this.#client.seed(file, { announce }, () => resolve(torrent.infoHash));
      this.#note(torrent);
    });
  }

  /** Downloads a file, whose text is in `texts` then. */
  download(infoHash, announce) {
    const torrent = this.#client.add(infoHash, { announce });
    torrent.on("done", async () => this.texts.push(await (await torrent.files[0].blob()).text()));
    this.#note(torrent);
  }

  stop() {
    return new Promise((resolve) => this.#client.destroy(() => resolve()));
  }

  #note(torrent) {
    torrent.on("trackerAnnounce", () => this.answers.push(torrent.infoHash));
    torrent.on("warning", (warning) => this.warnings.push(String(warning)));
  }
}

/** One peer of trystero's strategy "torrent". */
class Trystero {
  #room = null;
  #words = null;
  messages = [];

  start(appId, room, urls) {
    this.#room = joinRoom({ appId, relayConfig: { urls } }, room);
    this.#words = this.#room.makeAction("words");
    this.#words.onMessage = (text) => this.messages.push(text);
  }

  peers() {
    return Object.keys(this.#room.getPeers());
  }

  send(text) {
    return this.#words.send(text);
  }

  stop() {
    return this.#room.leave();
  }
}

window.clients = {
  peerjs: new PeerJs(),
  document: new Document(),
  announcer: new Announcer(),
  torrents: new Torrents(),
  trystero: new Trystero(),
};
