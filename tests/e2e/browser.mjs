// Headless Chromium, told what to do over standard input: node browser.mjs CHROMIUM
import { existsSync } from "node:fs";
import { answerCommands } from "./jsonlines.mjs";
import { chromium } from "playwright-core";

// Chromium heeds the last list it is given, so this one has those of playwright-core as well.
const disabled = [
  // Names under .local need a multicast responder, which a test machine may lack.
  "WebRtcHideLocalIpsWithMdns",
  // What delays or changes the loading of pages, or asks servers on the internet.
  "AvoidCorsURLLoaderRestartOnRedirect",
  "AvoidUnnecessaryBeforeUnloadCheckSync",
  "BlockOriginHeaderModificationOnRedirect",
  "DestroyProfileOnBrowserClose",
  "DialMediaRouteProvider",
  "HttpsUpgrades",
  "MediaRouter",
  "NetworkTimeServiceQuerying",
  "OptimizationHints",
  "PaintHolding",
  "ThirdPartyStoragePartitioning",
  "Translate",
];
const browser = await chromium.launch({
  executablePath: process.argv[2],
  headless: true,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    `--disable-features=${disabled}`,
    // The loopback may be the only interface there is.
    "--allow-loopback-in-peer-connection",
    "--use-fake-device-for-media-stream",
  ],
});
const NETWORK = "https://cdn.jsdelivr.net/npm/"; // where pages fetch packages from
const pages = [];

function serve(route, packages) {
  const path = `${packages}/${route.request().url().slice(NETWORK.length).replace(/@[^/]+/, "")}`;
  if (!existsSync(path)) return route.abort();
  const headers = { "Access-Control-Allow-Origin": "*" };
  return route.fulfill({ path, contentType: "text/javascript", headers });
}

answerCommands(
  {
    // `packages` is a folder with the packages that pages fetch from the network, which there is not.
    async open(url, { packages, ...options }) {
      // A context of its own: pages share no storage, like browsers of different people.
      const context = await browser.newContext(options);
      // With a route, every request of the page waits for this process; most pages need none.
      if (packages) await context.route(`${NETWORK}**`, (route) => serve(route, packages));
      const page = await context.newPage();
      const errors = [];
      const requests = [];
      page.on("request", (request) => requests.push(request.url()));
      page.on("pageerror", (error) => errors.push(String(error)));
      page.on("console", (message) => {
        if (message.type() === "error") errors.push(message.text());
      });
      await page.goto(url);
      return pages.push({ context, page, errors, requests }) - 1;
    },
    evaluate: (number, expression) => pages[number].page.evaluate(expression),
    async screenshot(number, path) {
      await pages[number].page.screenshot({ path });
    },
    async fullScreenshot(number, path) {
      await pages[number].page.screenshot({ path, fullPage: true });
    },
    click: (number, selector) => pages[number].page.click(selector),
    press: (number, key) => pages[number].page.keyboard.press(key),
    type: (number, text) => pages[number].page.keyboard.type(text),
    requests: (number) => pages[number].requests,
    errors: (number) => pages[number].errors,
    close: (number) => pages[number].context.close(),
  },
  () => browser.close(),
);
