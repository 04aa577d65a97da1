// Commands in, answers out, one JSON text a line:
//   in   {"id": 1, "method": "open", "args": ["http://127.0.0.1:8000/"]}
//   out  {"id": 1, "result": 0}   or   {"id": 1, "error": "..."}
import { createInterface } from "node:readline";

// Standard output belongs to the answers; what a package prints goes to standard error.
console.log = console.info = console.debug = console.error;

/** Answers commands until standard input closes, then tidies up and leaves. */
export function answerCommands(methods, tidyUp = () => {}) {
  const answer = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  const lines = createInterface({ input: process.stdin });
  lines.on("line", async (line) => {
    const { id, method, args } = JSON.parse(line);
    try {
      answer({ id, result: (await methods[method](...args)) ?? null });
    } catch (error) {
      answer({ id, error: String(error?.stack ?? error) });
    }
  });
  // A test run that is killed closes our input, so no child outlives it.
  lines.on("close", async () => {
    try {
      await tidyUp();
    } finally {
      process.exit(0);
    }
  });
}
