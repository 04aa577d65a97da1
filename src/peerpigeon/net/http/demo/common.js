"use strict";
// What the demo pages have in common: options, which stand in the address after the #, small parts
// of a page, and the hubs of the mesh. The options are  &name=Ann  &ice=stun:stun.example.org:3478
// &token=...  and  &hub=hub2.example.org:3000  for another hub to go to when this one is lost.

const MOST_LINES = 200;
const MOST_HUBS = 20;
const MESH_INTERVAL = 5000;
const LONGEST_PAUSE = 15000;
const LONGEST_TEXT = 2000;

const parts = location.hash.slice(1).split("&");
const firstPart = decode(parts[0].includes("=") ? "" : parts.shift());
const options = new URLSearchParams(parts.join("&"));
const token = options.get("token");
const iceServers = options.getAll("ice").map((urls) => ({ urls }));

const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const [, folder, page] = location.pathname.match(/^(.*)\/(demo(?:\/.*)?)$/);
const home = `${scheme}//${location.host}${folder}`;

// Where to go when the hub is lost. Only who opens the page and the hub itself can name others:
// what peers say of their hubs could lead anywhere.
let others = options.getAll("hub").map(placeOf).filter((each) => each !== null);
let place = home;
let failures = 0;

// Parts of a page

const at = (id) => document.getElementById(id);

/** Makes an element. Whatever others say becomes text and nothing else. */
function make(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function append(list, element) {
  const isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 40;
  list.append(element);
  while (list.children.length > MOST_LINES) list.firstChild.remove();
  if (isAtEnd) list.scrollTop = list.scrollHeight;
}

function log(text) {
  append(at("log"), make("li", "", `${new Date().toLocaleTimeString()}  ${text}`));
}

function showConnection(text, mood) {
  at("connection").textContent = text;
  at("connection").className = `pill ${mood}`;
}

function showMessage(who, text, isMine) {
  const line = make("li", isMine ? "mine" : "");
  line.append(make("span", "who", who), make("span", "what", text));
  append(at("messages"), line);
}

// Hubs

/** Chooses where to go after a hub is lost; answers how long to wait before that, in ms. */
function moveOn() {
  const places = [home, ...others.filter((each) => each !== home)];
  const next = places[(places.indexOf(place) + 1) % places.length];
  const rounds = Math.floor(failures / places.length);
  const pause = Math.min(500 * 2 ** rounds, LONGEST_PAUSE) * (0.75 + Math.random() / 2);
  failures += 1;
  const where = next === place ? "next try" : `moving to ${hostOf(next)}`;
  log(`hub ${hostOf(place)} is lost, ${where} in ${(pause / 1000).toFixed(1)} s`);
  place = next;
  return pause;
}

async function askForMesh() {
  try {
    const answer = await fetch(`${place.replace(/^ws/, "http")}/mesh`, { signal: AbortSignal.timeout(3000) });
    if (answer.status === 404) {
      at("mesh").textContent = "This server shows its mesh to nobody from elsewhere.";
      at("hubs").replaceChildren();
      return;
    }
    showMesh(await answer.json());
  } catch {
    at("mesh").textContent = "This hub does not answer.";
    at("hubs").replaceChildren();
  }
}

function showMesh({ isHub, hubPeerId, migrated, hubs }) {
  const ends = hubs.flatMap((hub) => hub.links.map((link) => link.carrier));
  const links = Math.round(ends.length / 2);
  const plural = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;
  const how = migrated ? ", and speaks to the others over WebRTC only" : "";
  at("mesh").textContent = !isHub ? "This server stands alone: it is no hub."
    : hubs.length < 2 ? "This hub knows of no other hub."
    : `This hub knows of ${plural(hubs.length - 1, "other hub")} and ${plural(links, "link")} in the mesh${how}.`;
  const elsewhere = hubs.filter((hub) => hub.peerId !== hubPeerId).map((hub) => hub.addresses[0]);
  const found = elsewhere.map(placeOf);
  others = [...new Set([...found, ...others, place])].filter((each) => each !== null).slice(0, MOST_HUBS);
  const pages = elsewhere.map(pageOf).filter((each) => each !== null)
    .sort((a, b) => (a.host < b.host ? -1 : 1));
  const items = pages.slice(0, MOST_HUBS).map((each) => {
    const item = make("li", "");
    item.append(linkTo(each.href, each.host));
    return item;
  });
  if (items.length) items.unshift(make("li", "soft", "Open this page at"));
  at("hubs").replaceChildren(...items);
}

function linkTo(href, text) {
  const link = make("a", "", text);
  Object.assign(link, { href, target: "_blank", rel: "noopener" });
  return link;
}

/** Returns where a hub is, as ws://HOST:PORT; null for what this page may not connect to. */
function placeOf(address) {
  try {
    const url = new URL(/^wss?:/.test(address) ? address : `${scheme}//${address}`);
    const mayConnect = url.protocol === "wss:" || url.protocol === scheme;
    return mayConnect ? `${url.protocol}//${url.host}${url.pathname.replace(/\/$/, "")}` : null;
  } catch {
    return null;
  }
}

function hostOf(address) {
  return new URL(address).host;
}

/** Returns where this page is at another hub, to meet who has this one open; null if nowhere. */
function pageOf(address) {
  try {
    const url = new URL(address.replace(/^ws/, "http"));
    // No token: the other hub says itself where its page is.
    const hash = [meetingPlace(), ...parts.filter((part) => !/^(name|token|to|get)=/.test(part))];
    return /^https?:$/.test(url.protocol) ? new URL(`/${page}#${hash.join("&")}`, url) : null;
  } catch {
    return null;
  }
}

// Packages of others, which a page fetches from where its import map says

/** Returns some modules by name; null, and says so on the page, if one of them cannot be had. */
async function load(modules) {
  const loaded = {};
  try {
    // One after the other, as one of them leaves a global that another one finds.
    for (const [name, module] of Object.entries(modules)) loaded[name] = await import(module);
    return loaded;
  } catch (fault) {
    showConnection("a package is missing", "bad");
    log(fault.message);
    at("lacking").textContent = "This page takes packages from cdn.jsdelivr.net, and could not get them:"
      + " there is no internet here, or something blocks that address. The chat and the PeerJS demo need neither.";
    at("lacking").hidden = false;
    return null;
  }
}

// Words

function hex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Returns a text of others if it is one, cut to a length. */
function short(text, length) {
  return typeof text === "string" ? text.slice(0, length) : "";
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
addEventListener("hashchange", () => location.reload());
