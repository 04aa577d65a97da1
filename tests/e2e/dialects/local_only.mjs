// Imported before any package, so that it finds this and stays itself unmodified.
import { withoutIceServers } from "../pigeon.mjs";

window.RTCPeerConnection = withoutIceServers(window.RTCPeerConnection);

// The client of bittorrent-tracker looks there for where it is.
window.process = { browser: true };
