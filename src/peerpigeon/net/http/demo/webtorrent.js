// A text that one page seeds and others download by its info hash, with the package webtorrent and
// a hub as its tracker. `#&get=HASH` in the address downloads one at once.

const LARGEST = 1000000; // bytes of a file that is shown
const SHOW_INTERVAL = 500;

let newest = options.get("get");
globalThis.meetingPlace = () => (newest ? `get=${newest}` : "");

const packages = await load({ webtorrent: "webtorrent" });
if (packages) start(packages.webtorrent.default);

function start(WebTorrent) {
  const client = new WebTorrent({
    tracker: { rtcConfig: { iceServers } }, dht: false, lsd: false, utPex: false, natUpnp: false,
  });
  const secret = token ? `?token=${encodeURIComponent(token)}` : "";
  const announce = [`${home}/announce${secret}`];
  client.on("error", (fault) => log(fault.message));
  showConnection("ready", "good");
  for (const each of document.querySelectorAll("form button")) each.disabled = false;

  at("seed").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = at("text").value;
    if (!text) return;
    client.seed(new File([text], "text.txt"), { announce }, (torrent) => {
      newest = torrent.infoHash;
      show(torrent, newest, "seeding", text);
    });
    at("text").value = "";
  });
  at("get").addEventListener("submit", (event) => {
    event.preventDefault();
    download(at("hash").value.trim().toLowerCase());
    at("hash").value = "";
  });

  async function download(hash) {
    if (!/^[0-9a-f]{40}$/.test(hash)) {
      log("an info hash has 40 hexadecimal digits");
      return;
    }
    if (await client.get(hash)) return;
    newest = hash;
    const torrent = client.add(hash, { announce });
    const row = show(torrent, hash, "looking for it", "");
    torrent.on("done", async () => {
      const [file] = torrent.files;
      const text = file.length > LARGEST ? "(too large to be shown)" : await (await file.blob()).text();
      row.querySelector(".what").textContent = text;
      row.dataset.state = "seeding";
      log(`${file.name} is there, ${file.length} bytes`);
    });
  }

  if (options.has("get")) download(options.get("get").toLowerCase());
}

function show(torrent, hash, state, text) {
  const row = make("li", "torrent");
  Object.assign(row.dataset, { id: hash, state });
  const about = make("div", "more soft");
  row.append(make("code", "", hash), about, make("div", "what", text));
  at("torrents").prepend(row);
  torrent.on("wire", () => log(`link to a peer of ${hash.slice(0, 8)}`));
  torrent.on("warning", (fault) => log(fault.message));
  setInterval(() => {
    about.textContent = `${row.dataset.state}, linked with ${torrent.numPeers}`;
  }, SHOW_INTERVAL);
  return row;
}

setInterval(() => !document.hidden && askForMesh(), MESH_INTERVAL);
askForMesh();
at("hub").textContent = hostOf(home);
