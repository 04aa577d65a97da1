// A client that speaks the wire of PeerJS by itself, without that package, so that it works without
// internet. It connects to pages that use the package, too. What stands after the # in the address
// is the id that it wants; `&to=ID` is one to connect to at once.

const HEARTBEAT = 5000; // as the package does
const MOST_CONNECTIONS = 50;
const MOST_EARLY = 64; // candidates that come before the offer they belong to
const LABELS = { new: "connecting", connecting: "connecting", connected: "open", ringing: "calling you" };

const ownToken = token ?? hex(crypto.getRandomValues(new Uint8Array(8)));
const connections = new Map(); // by the id that their two ends have agreed on
const early = new Map();
let ownId = firstPart;
let socket = null;

/** What the page at another hub has after its #. */
const meetingPlace = () => `to=${encodeURIComponent(ownId)}`;

// The hub

async function connect() {
  showConnection("connecting", "busy");
  at("hub").textContent = hostOf(place);
  try {
    ownId ||= await freshId();
  } catch {
    lose();
    return;
  }
  showSelf();
  const query = new URLSearchParams({ key: "peerjs", id: ownId, token: ownToken, version: "1.5.5" });
  socket = new WebSocket(`${place}/peerjs?${query}`);
  socket.onmessage = ({ data }) => receive(JSON.parse(data));
  socket.onclose = lose;
}

/** Asks the hub for an id that nobody has. */
async function freshId() {
  const answer = await fetch(`${place.replace(/^ws/, "http")}/peerjs/id`);
  if (!answer.ok) throw new Error(`the hub gives no id: ${answer.status}`);
  return answer.text();
}

function lose() {
  showConnection("hub not reachable", "bad");
  setTimeout(connect, moveOn());
}

function send(type, dst, payload) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type, payload, dst }));
}

function receive({ type, src, payload }) {
  switch (type) {
    case "OPEN": // the id is ours, in the whole mesh
      failures = 0;
      showConnection("connected", "good");
      log(`hub ${hostOf(place)} has granted the id ${ownId}`);
      askForMesh();
      if (options.has("to") && connections.size === 0) dial(options.get("to"));
      break;
    case "ID-TAKEN":
      log(`somebody else has the id ${ownId}`);
      ownId = "";
      break;
    case "OFFER":
    case "ANSWER":
    case "CANDIDATE":
      take(type, String(src), payload);
      break;
    case "LEAVE":
      for (const each of [...connections.values()]) if (each.peer === src) drop(each, "has left");
      break;
    case "EXPIRE": // what we have sent waited five seconds for somebody with that id
      for (const each of [...connections.values()]) {
        if (each.peer === src && !each.isOpen) drop(each, "is not there");
      }
      break;
    case "ERROR":
      log(`the hub says: ${short(payload?.msg, 200)}`);
      break;
  }
}

// Connections

/** Makes one end of a connection, of the type `data` or `media`. */
function begin(peer, type, id, serialization = "json") {
  const rtc = new RTCPeerConnection({ iceServers });
  const connection = {
    peer, type, id, serialization, rtc, channel: null, isOpen: false, state: "new", work: Promise.resolve(),
  };
  rtc.onicecandidate = ({ candidate }) => {
    if (candidate) send("CANDIDATE", peer, { candidate, type, connectionId: id });
  };
  rtc.ondatachannel = ({ channel }) => attach(connection, channel);
  rtc.ontrack = ({ streams }) => {
    const isFirst = !connection.picture;
    connection.picture = streams[0];
    if (isFirst && connection.isOpen) showVideo(connection, peer, streams[0], false);
  };
  rtc.onconnectionstatechange = () => {
    if (type === "media" && rtc.connectionState === "connected") opened(connection);
    if (rtc.connectionState === "failed") drop(connection, "cannot be reached any more");
  };
  connections.set(id, connection);
  showPeers();
  return connection;
}

async function dial(peer) {
  if (!peer || peer === ownId || connections.size >= MOST_CONNECTIONS) return;
  const id = `dc_${hex(crypto.getRandomValues(new Uint8Array(6)))}`;
  const connection = begin(peer, "data", id);
  log(`connecting to ${peer}`);
  attach(connection, connection.rtc.createDataChannel(id, { ordered: true }));
  await offer(connection, { label: id, reliable: true, serialization: "json" });
}

async function call(peer) {
  const id = `mc_${hex(crypto.getRandomValues(new Uint8Array(6)))}`;
  const connection = begin(peer, "media", id);
  log(`calling ${peer}`);
  await addPicture(connection);
  attach(connection, connection.rtc.createDataChannel(id)); // its end is how the other one hears of it
  await offer(connection, {});
}

async function offer(connection, more) {
  await connection.rtc.setLocalDescription();
  const { rtc, peer, type, id } = connection;
  send("OFFER", peer, { sdp: rtc.localDescription, type, connectionId: id, ...more });
}

/** Takes what another end says. One after the other: a candidate must not overtake its offer. */
function take(type, peer, { connectionId: id, sdp, candidate, ...told }) {
  let connection = connections.get(id);
  if (!connection && type === "OFFER" && connections.size < MOST_CONNECTIONS) {
    const kind = told.type === "media" ? "media" : "data";
    connection = begin(peer, kind, short(id, 100), short(told.serialization, 20));
  }
  if (!connection) {
    if (type === "CANDIDATE" && early.size < MOST_EARLY) early.set(id, [...(early.get(id) ?? []), candidate]);
    return;
  }
  if (connection.peer !== peer) return; // another one's connection
  const step = { OFFER: answerTo, ANSWER: settle, CANDIDATE: (it) => it.rtc.addIceCandidate(candidate) }[type];
  connection.work = connection.work.then(() => step(connection, sdp)).catch((fault) => {
    log(`${type} of ${peer}: ${fault.message}`);
  });
}

async function answerTo(connection, sdp) {
  await connection.rtc.setRemoteDescription(sdp);
  for (const each of early.get(connection.id) ?? []) await connection.rtc.addIceCandidate(each);
  early.delete(connection.id);
  if (connection.type === "media") {
    connection.state = "ringing"; // until somebody presses the button
    showPeers();
  } else await answer(connection);
}

async function answer(connection) {
  await connection.rtc.setLocalDescription();
  const { rtc, peer, type, id } = connection;
  send("ANSWER", peer, { sdp: rtc.localDescription, type, connectionId: id });
}

async function settle(connection, sdp) {
  if (connection.rtc.signalingState === "have-local-offer") await connection.rtc.setRemoteDescription(sdp);
}

async function pickUp(connection) {
  connection.state = "connecting";
  showPeers();
  await addPicture(connection);
  await answer(connection);
}

function attach(connection, channel) {
  connection.channel = channel;
  channel.binaryType = "arraybuffer";
  channel.onopen = () => opened(connection);
  channel.onclose = () => drop(connection, "has closed the connection");
  channel.onmessage = ({ data }) => {
    const said = unpack(connection.serialization, data);
    if (said?.__peerData?.type === "close") drop(connection, "has closed the connection");
    else if (typeof said === "string") showMessage(connection.peer, short(said, LONGEST_TEXT), false);
    else log(`${connection.peer} has sent something that is no text`);
  };
}

function opened(connection) {
  if (connection.isOpen) return;
  connection.isOpen = true;
  connection.state = "connected";
  log(`${connection.type === "media" ? "call" : "channel"} with ${connection.peer} is open`);
  if (connection.picture) showVideo(connection, connection.peer, connection.picture, false);
  showPeers();
}

function drop(connection, why) {
  if (!connections.delete(connection.id)) return;
  connection.rtc.close();
  connection.stream?.getTracks().forEach((track) => track.stop());
  for (const video of document.querySelectorAll(`[data-connection="${CSS.escape(connection.id)}"]`)) video.remove();
  log(`${connection.peer} ${why}`);
  showPeers();
}

// Texts on a channel, in the ways that the package has: its own one, `binary`, writes the length of
// a text before it (npm peerjs-js-binarypack).

const utf8 = new TextEncoder();

function pack(serialization, text) {
  if (serialization === "json") return utf8.encode(JSON.stringify(text));
  if (serialization === "raw") return text;
  const bytes = utf8.encode(text);
  const size = bytes.length;
  const head = size < 16 ? [0xb0 + size] : size < 65536 ? [0xd8, size >> 8, size & 255]
    : [0xd9, size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255];
  return new Uint8Array([...head, ...bytes]);
}

/** Returns a text, for `json` any value; undefined for what is neither. */
function unpack(serialization, data) {
  if (typeof data === "string") return data;
  const bytes = new Uint8Array(data);
  const text = (from) => new TextDecoder().decode(bytes.subarray(from));
  if (serialization === "json") {
    try {
      return JSON.parse(text(0));
    } catch {
      return undefined;
    }
  }
  const starts = { 0xd8: 3, 0xd9: 5 };
  const isShort = bytes[0] >= 0xb0 && bytes[0] < 0xc0;
  return isShort ? text(1) : bytes[0] in starts ? text(starts[bytes[0]]) : undefined;
}

// Pictures

/** Sends what the camera shows; where there is none, or no permission, a drawing that moves. */
async function addPicture(connection) {
  let stream = null;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
  } catch {
    log("no camera here: a drawing is shown instead");
    stream = drawing();
  }
  connection.stream = stream;
  for (const track of stream.getTracks()) connection.rtc.addTrack(track, stream);
  showVideo(connection, "You", stream, true);
}

function drawing() {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  const context = canvas.getContext("2d");
  const stream = canvas.captureStream(15);
  const hue = Math.random() * 360;
  const timer = setInterval(() => {
    if (stream.getTracks().every((track) => track.readyState === "ended")) clearInterval(timer);
    const turn = performance.now() / 600;
    context.fillStyle = `hsl(${hue} 40% 30%)`;
    context.fillRect(0, 0, 320, 240);
    context.fillStyle = "white";
    context.beginPath();
    context.arc(160 + 80 * Math.cos(turn), 120 + 60 * Math.sin(turn), 24, 0, 7);
    context.fill();
  }, 66);
  return stream;
}

function showVideo(connection, who, stream, isMine) {
  const figure = make("figure", "");
  figure.dataset.connection = connection.id;
  const video = Object.assign(make("video", ""), { autoplay: true, playsInline: true, muted: isMine });
  video.srcObject = stream;
  figure.append(video, make("figcaption", "soft", who));
  at("videos").append(figure);
}

// The page

function showSelf() {
  at("self").textContent = ownId;
  at("self").dataset.id = ownId;
}

function showPeers() {
  const rows = [...connections.values()].map((each) => {
    const row = make("li", "");
    const state = LABELS[each.state] ?? each.state;
    Object.assign(row.dataset, { id: each.peer, type: each.type, state });
    const about = make("div", "about");
    about.append(make("strong", "", each.peer), make("div", "more soft", each.type === "media" ? "call" : "data channel"));
    row.append(about, make("span", `state ${each.isOpen ? "good" : "busy"}`, state));
    if (each.state === "ringing") row.append(button("Answer", () => pickUp(each)));
    else if (each.isOpen && each.type === "data") row.append(button("Call", () => call(each.peer)));
    if (each.type === "media") row.append(button("Hang up", () => drop(each, "was hung up on")));
    return row;
  });
  at("peers").replaceChildren(...rows);
}

function button(text, action) {
  const made = make("button", "small", text);
  made.type = "button";
  made.onclick = action;
  return made;
}

at("dial").addEventListener("submit", (event) => {
  event.preventDefault();
  dial(at("target").value.trim());
  at("target").value = "";
});
at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = at("text").value.trim();
  if (!text) return;
  const open = [...connections.values()].filter((each) => each.isOpen && each.type === "data");
  for (const { channel, serialization } of open) channel.send(pack(serialization, text));
  showMessage(open.length ? `You to ${open.length}` : "You, and nobody to hear it", text, true);
  at("text").value = "";
});
addEventListener("pagehide", () => connections.forEach(({ rtc }) => rtc.close()));
setInterval(() => send("HEARTBEAT"), HEARTBEAT);
setInterval(() => {
  if (!document.hidden && socket?.readyState === WebSocket.OPEN) askForMesh();
}, MESH_INTERVAL);
connect();
