// A text that all write who have the page open: a Y.Text in a textarea, shared by the package
// y-webrtc. What stands after the # in the address is the name of the room.

const room = firstPart || "demo";
const ownName = short(options.get("name"), 40) || `Writer ${hex(crypto.getRandomValues(new Uint8Array(2)))}`;
globalThis.meetingPlace = () => encodeURIComponent(room);

const packages = await load({ yjs: "yjs", simplePeer: "simple-peer", webrtc: "y-webrtc" });
if (packages) share(packages);

function share({ yjs, webrtc }) {
  const secret = token ? `?token=${encodeURIComponent(token)}` : "";
  const signaling = [home, ...others].map((hub) => `${hub}/y-webrtc${secret}`);
  const shared = new yjs.Doc();
  const provider = new webrtc.WebrtcProvider(room, shared, { signaling, peerOpts: { config: { iceServers } } });
  const links = new Set();
  bind(at("text"), shared.getText("text"));
  provider.awareness.setLocalStateField("name", ownName);
  provider.awareness.on("change", () => {
    const found = [...provider.awareness.getStates()].filter(([id]) => id !== shared.clientID);
    at("nobody").hidden = found.length > 0;
    at("peers").replaceChildren(...found.map(([, state]) => make("li", "", short(state.name, 40) || "somebody")));
  });
  provider.on("peers", ({ webrtcPeers }) => {
    for (const id of webrtcPeers) if (!links.has(id)) log(`link to ${id.slice(0, 8)}`);
    for (const id of links) if (!webrtcPeers.includes(id)) log(`the link to ${id.slice(0, 8)} is gone`);
    links.clear();
    for (const id of webrtcPeers) links.add(id);
    at("peers").dataset.links = links.size;
  });
  setInterval(() => {
    const isConnected = provider.signalingConns.some((each) => each.connected);
    showConnection(isConnected ? "connected" : "hub not reachable", isConnected ? "good" : "bad");
  }, 250);
}

/** Has a text area show a text and change it. */
function bind(area, text) {
  area.disabled = false;
  area.addEventListener("input", () => {
    const [before, after] = [text.toString(), area.value];
    let start = 0;
    while (start < before.length && before[start] === after[start]) start += 1;
    let end = 0;
    const most = Math.min(before.length, after.length) - start;
    while (end < most && before.at(-1 - end) === after.at(-1 - end)) end += 1;
    text.doc.transact(() => {
      text.delete(start, before.length - start - end);
      text.insert(start, after.slice(start, after.length - end));
    }, area);
  });
  text.observe(({ changes }, { origin }) => {
    if (origin === area) return;
    let { selectionStart: from, selectionEnd: to } = area;
    let place = 0;
    for (const { retain = 0, insert = "", delete: deleted = 0 } of changes.delta) {
      place += retain;
      if (place < from) from = Math.max(place, from - deleted + insert.length);
      if (place < to) to = Math.max(place, to - deleted + insert.length);
      place += insert.length;
    }
    area.value = text.toString();
    area.setSelectionRange(from, to);
  });
}

setInterval(() => !document.hidden && askForMesh(), MESH_INTERVAL);
askForMesh();
at("hub").textContent = hostOf(home);
at("room").textContent = room;
at("name").textContent = ownName;
