// The reference: the package's own server on a free port of the loopback, said on standard error
// the way our server says it. It stops with its standard input. Its options are the first argument,
// as JSON.
import { createServer } from "node:net";
import { answerCommands } from "./jsonlines.mjs";
import { withoutIceServers } from "./pigeon.mjs";
import wrtc from "@koush/wrtc";

console.log = console.info = console.warn = () => {};
// Before the package is loaded, so that it finds it and stays itself unmodified.
wrtc.RTCPeerConnection = withoutIceServers(wrtc.RTCPeerConnection);
const { PeerPigeonServer } = await import("peerpigeon");

// It takes port 0 for its default, so a free one is found first. Should somebody else get it in
// between, the package goes on to the next by itself.
const port = await new Promise((resolve, reject) => {
  const probe = createServer();
  probe.once("error", reject);
  probe.listen(0, "127.0.0.1", () => {
    const { port: free } = probe.address();
    probe.close(() => resolve(free));
  });
});
const options = JSON.parse(process.argv[2] ?? "{}");
// A hub without bootstrap hubs would dial port 3000, where anybody may be; itself it does not dial.
options.bootstrapHubs ??= [`ws://127.0.0.1:${port}`];
const server = new PeerPigeonServer({ ...options, port, host: "127.0.0.1" });
const started = await server.start();
process.stderr.write(`${JSON.stringify({ event: "started", port: started.port })}\n`);
answerCommands({}, () => server.stop());
