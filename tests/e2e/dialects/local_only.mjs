// Imported before any package, so that it finds this and stays itself unmodified.
import { withoutIceServers } from "../pigeon.mjs";

window.RTCPeerConnection = withoutIceServers(window.RTCPeerConnection);
