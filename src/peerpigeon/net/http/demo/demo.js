"use strict";
// A client of the PeerPigeon wire protocol, as plain as it can be. What stands after the # in the
// address is its namespace; common.js has the options that may follow.

const OPEN_TIMEOUT = 15000;
const SETTLING = 12000; // a lost hub is noticed, and its clients are at others, in half of that
const BIRDS = ["Dove", "Finch", "Heron", "Jay", "Kite", "Lark", "Magpie", "Owl", "Plover", "Robin",
  "Rook", "Starling", "Swift", "Tern", "Thrush", "Wren"];

const namespace = firstPart || "demo";
const ownId = hex(crypto.getRandomValues(new Uint8Array(20)));
const ownName = short(options.get("name"), 40) || `${BIRDS[parseInt(ownId.slice(0, 1), 16)]} ${ownId.slice(0, 4)}`;
/** What the page at another hub has after its #. */
const meetingPlace = () => encodeURIComponent(namespace);

const peers = new Map();
let isLost = false; // whether the page is cut off from every hub
let socket = null;
let announcedAt = 0;
let resumeKey = "";

// The page

function showPeers() {
  at("nobody").hidden = peers.size > 0;
  const rows = [...peers.values()].map((peer) => {
    const row = make("li", "");
    row.dataset.id = peer.id;
    const state = peer.isSeen || peer.state === "open" ? peer.state : "unreachable";
    row.dataset.state = state;
    row.title = peer.id;
    const badge = make("span", "badge", [...peer.name][0]);
    badge.setAttribute("aria-hidden", "true");
    badge.style.setProperty("--hue", Math.floor(parseInt(peer.id.slice(0, 4), 16) / 182));
    const times = [];
    if (peer.foundIn !== null) times.push(`found in ${peer.foundIn} ms`);
    if (peer.openIn !== null) times.push(`channel in ${peer.openIn} ms`);
    if (!peer.isAnnounced) times.push("gone from the namespace");
    else if (!peer.isSeen) times.push("nothing known since the hub was lost");
    const about = make("div", "about");
    about.append(make("strong", "", peer.name), make("div", "more soft", `at hub ${peer.hub}`),
      make("div", "more soft", times.join(" · ")));
    const mood = { open: "good", closed: "bad", unreachable: "bad" }[state] ?? "busy";
    row.append(badge, about, make("span", `state ${mood}`, state));
    return row;
  });
  at("peers").replaceChildren(...rows);
}

// The hub

function connect() {
  showConnection(isLost ? "connecting again" : "connecting", "busy");
  at("hub").textContent = hostOf(place);
  const resume = resumeKey && `&resumeKey=${resumeKey}`;
  socket = new WebSocket(`${place}/?peerId=${ownId}${resume}`,
    token ? ["peerpigeon", `bearer.${token}`] : []);
  socket.onmessage = ({ data }) => receive(JSON.parse(data));
  socket.onclose = ({ code, reason }) => {
    showConnection("hub not reachable", "bad");
    log(`connection to hub ${hostOf(place)} closed (${code}${reason && ` ${reason}`})`);
    if (!isLost) cutOff();
    setTimeout(connect, moveOn());
  };
}

/** Note that nothing is heard of anybody any more: they may all be there, and go on without us. */
function cutOff() {
  isLost = true;
  for (const peer of peers.values()) {
    if (peer.isAnnounced) peer.isSeen = false;
    else leave(peer);
  }
  showPeers();
}

/** Take leave of those who have not shown themselves since we are back. */
function settle() {
  for (const peer of [...peers.values()]) if (!peer.isSeen) leave(peer);
}

function send(type, data, targetPeerId) {
  if (socket.readyState !== WebSocket.OPEN) return;
  socket.send(JSON.stringify({ type, data, targetPeerId, networkName: namespace }));
}

function receive({ type, data, fromPeerId, error }) {
  switch (type) {
    case "connected":
      failures = 0;
      if (isLost) {
        isLost = false;
        const here = socket;
        setTimeout(() => here === socket && !isLost && settle(), SETTLING);
      }
      // Who comes again with it has its id at once, whatever has become of its old socket.
      resumeKey = data.resumeKey ?? resumeKey;
      announcedAt = Date.now();
      showConnection("connected", "good");
      log(`connected to hub ${hostOf(place)}, announced in namespace ${namespace}`);
      send("announce", { hub: hostOf(place), name: ownName, at: announcedAt });
      askForMesh();
      break;
    case "peer-discovered":
      discover(data);
      break;
    case "peer-disconnected":
      if (peers.has(data.peerId)) {
        log(`${peers.get(data.peerId).name} has left the namespace`);
        leave(peers.get(data.peerId));
      }
      break;
    case "offer":
    case "answer":
    case "ice-candidate":
      // One after the other: a candidate must not overtake the description it belongs to.
      // Between hubs an offer may even overtake the news of who makes it.
      if (peers.has(fromPeerId) || type === "offer") {
        const peer = meet(fromPeerId);
        peer.work = peer.work.then(() => negotiate(peer, type, data)).catch((fault) => {
          log(`${type} of ${peer.name}: ${fault.message}`);
        });
      }
      break;
    case "error":
      log(`the hub says: ${error}`);
      break;
  }
}

// Peers

function meet(id) {
  if (!peers.has(id)) {
    peers.set(id, {
      id, name: id.slice(0, 8), hub: "unknown", state: "found", isAnnounced: true, isSeen: true, attempts: 0,
      foundIn: null, openIn: null, early: [], connection: null, work: Promise.resolve(),
    });
  }
  return peers.get(id);
}

function discover({ peerId, hub, name, at: theirs }) {
  const peer = meet(peerId);
  peer.isAnnounced = peer.isSeen = true;
  peer.name = short(name, 40) || peerId.slice(0, 8);
  peer.hub = short(hub, 60) || "unknown";
  // From when both had announced. True as far as the two clocks agree; in one machine there is one.
  const both = Date.now() - Math.max(announcedAt, Number(theirs));
  peer.foundIn = both >= 0 && both < 60000 ? both : null;
  log(`found ${peer.name} at hub ${peer.hub}${peer.foundIn === null ? "" : ` in ${peer.foundIn} ms`}`);
  if (peer.state !== "open") {
    peer.attempts = 0;
    offer(peer);
  }
  showPeers();
}

/** Note that a peer is no longer announced. A channel to it may well stay open. */
function leave(peer) {
  peer.isAnnounced = false;
  peer.isSeen = true; // what is known of it is that it has left
  if (peer.state !== "open" || isOver(peer)) forget(peer);
  showPeers();
}

/** Tells whether a connection will not come back. Who has left is not waited for. */
function isOver({ connection, isAnnounced }) {
  const state = connection?.connectionState;
  return state === "failed" || (state === "disconnected" && !isAnnounced);
}

function hangUp(peer) {
  const connection = peer.connection;
  peer.connection = null;
  connection?.close();
  clearTimeout(peer.timer);
}

function forget(peer) {
  hangUp(peer);
  peers.delete(peer.id);
  showPeers();
}

/** Offers a connection, if it is ours to do: of two that find each other the larger id does. */
async function offer(peer) {
  if (ownId < peer.id || !peer.isAnnounced) return;
  const connection = renew(peer);
  attach(peer, connection.createDataChannel("chat"));
  try {
    await connection.setLocalDescription();
    if (peer.connection === connection) send("offer", connection.localDescription, peer.id);
  } catch (fault) {
    log(`offer to ${peer.name}: ${fault.message}`);
  }
}

function renew(peer) {
  hangUp(peer);
  const connection = new RTCPeerConnection({ iceServers });
  Object.assign(peer, { connection, state: "connecting", early: [], beganAt: performance.now() });
  connection.onicecandidate = ({ candidate }) => {
    if (candidate && peer.connection === connection) send("ice-candidate", candidate, peer.id);
  };
  connection.ondatachannel = ({ channel }) => attach(peer, channel);
  connection.onconnectionstatechange = () => {
    if (peer.connection === connection && isOver(peer)) close(peer);
  };
  peer.timer = setTimeout(() => close(peer), OPEN_TIMEOUT);
  showPeers();
  return connection;
}

async function negotiate(peer, type, data) {
  if (type === "offer" && peer.id > ownId) {
    const connection = renew(peer);
    await connection.setRemoteDescription(data);
    await connection.setLocalDescription();
    send("answer", connection.localDescription, peer.id);
  } else if (type === "answer" && peer.connection?.signalingState === "have-local-offer") {
    await peer.connection.setRemoteDescription(data);
  } else if (type === "ice-candidate" && peer.connection) {
    peer.early.push(data);
  }
  while (peer.connection?.remoteDescription && peer.early.length) {
    await peer.connection.addIceCandidate(peer.early.shift());
  }
}

function attach(peer, channel) {
  const connection = peer.connection;
  peer.channel = channel;
  channel.onopen = () => {
    if (peer.connection !== connection) return;
    peer.state = "open";
    peer.attempts = 0;
    clearTimeout(peer.timer);
    peer.openIn = Math.round(performance.now() - peer.beganAt);
    log(`channel to ${peer.name} is open after ${peer.openIn} ms`);
    showPeers();
  };
  channel.onmessage = ({ data }) => {
    const text = short(data, LONGEST_TEXT);
    if (text) showMessage(`${peer.name} at ${peer.hub}`, text, false);
  };
  channel.onclose = () => {
    if (peer.connection === connection) close(peer);
  };
}

/** A connection has ended: tries anew while the peer is there, ever more slowly. */
function close(peer) {
  log(peer.state === "open" ? `channel to ${peer.name} is closed` : `no channel to ${peer.name}`);
  if (!peer.isAnnounced) {
    forget(peer);
    return;
  }
  hangUp(peer);
  peer.state = "closed";
  peer.attempts += 1;
  peer.timer = setTimeout(() => offer(peer), Math.min(1000 * 2 ** peer.attempts, LONGEST_PAUSE));
  showPeers();
}

at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = at("text").value.trim();
  if (!text) return;
  const open = [...peers.values()].filter((peer) => peer.state === "open");
  for (const peer of open) peer.channel.send(text);
  showMessage(open.length ? `You to ${open.length}` : "You, and nobody to hear it", text, true);
  at("text").value = "";
});
addEventListener("pagehide", () => peers.forEach(hangUp)); // else the others notice late
setInterval(() => {
  if (!document.hidden && socket.readyState === WebSocket.OPEN) askForMesh();
}, MESH_INTERVAL);

at("name").textContent = ownName;
at("self").textContent = ownId.slice(0, 8);
at("self").title = ownId;
at("self").dataset.id = ownId;
at("namespace").textContent = namespace;
document.title = `${ownName} - PeerPigeon demo`;
connect();
