// The other end of a hub's data channel, of wrtc in Node: told what to do over standard input.
import { answerCommands } from "./jsonlines.mjs";
import { ChannelPeer } from "./channel_peer.mjs";
import wrtc from "@koush/wrtc";

const peer = new ChannelPeer(wrtc.RTCPeerConnection);
answerCommands({ call: (method, args) => peer[method](...args) }, () => peer.close());
