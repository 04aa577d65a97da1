// The reference: the package's own server on a free port of the loopback, said on standard error
// the way our server says it. It stops with its standard input.
import { createServer } from "node:net";
import { answerCommands } from "./jsonlines.mjs";
import { PeerPigeonServer } from "peerpigeon";

console.log = console.info = console.warn = () => {};

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
const server = new PeerPigeonServer({ port, host: "127.0.0.1" });
const started = await server.start();
process.stderr.write(`${JSON.stringify({ event: "started", port: started.port })}\n`);
answerCommands({}, () => server.stop());
