// The package's Node client, told what to do over standard input.
import { answerCommands } from "./jsonlines.mjs";
import { Pigeon, withRecord, withoutIceServers } from "./pigeon.mjs";
import wrtc from "@koush/wrtc";
import { WebSocket } from "ws";

const frames = [];
// Before the package is loaded, so that it finds these and stays itself unmodified.
wrtc.RTCPeerConnection = withoutIceServers(wrtc.RTCPeerConnection);
globalThis.WebSocket = withRecord(WebSocket, frames);

const { PeerPigeonMesh } = await import("peerpigeon");
const pigeon = new Pigeon(PeerPigeonMesh, frames);
answerCommands({ call: (method, args) => pigeon[method](...args) }, () => pigeon.stop());
