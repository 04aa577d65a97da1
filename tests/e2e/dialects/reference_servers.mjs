// The servers that these clients were written for, on a port of the loopback that is said on
// standard error the way our server says it: node reference_servers.mjs NAME. It stops with its
// standard input.
import { createServer } from "node:net";
import { answerCommands } from "../jsonlines.mjs";

console.log = console.info = console.warn = () => {};

const SERVERS = {
  async peerjs() {
    const { PeerServer } = await import("peer");
    return new Promise((resolve) => {
      PeerServer({ host: "127.0.0.1", port: 0 }, (server) => resolve(server.address().port));
    });
  },
  async topics() {
    // It takes port 0 for its default, and does not say when it listens.
    const free = await freePort();
    process.env.PORT = String(free);
    await import("./node_modules/y-webrtc/bin/server.js");
    while (!(await fetch(`http://127.0.0.1:${free}`).catch(() => null)));
    return free;
  },
  async tracker() {
    const { default: Server } = await import("bittorrent-tracker/server");
    const server = new Server({ udp: false, http: true, ws: true });
    return new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve(server.http.address().port));
    });
  },
};

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

const port = await SERVERS[process.argv[2]]();
process.stderr.write(`${JSON.stringify({ event: "started", port })}\n`);
answerCommands({});
