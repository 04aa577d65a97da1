// What the tests do with a real client, the same in a page and in Node.

/** The package names public STUN servers; a machine without internet must not ask them. */
export function withoutIceServers(RTCPeerConnection) {
  return class extends RTCPeerConnection {
    constructor(configuration = {}) {
      super({ ...configuration, iceServers: [] });
    }
  };
}

/**
 * Keeps every message a hub sent. The client silently drops those of other namespaces, so only
 * this shows whether a hub keeps namespaces apart.
 */
export function withRecord(WebSocket, frames) {
  return class extends WebSocket {
    constructor(...parameters) {
      super(...parameters);
      this.addEventListener("message", (event) => frames.push(JSON.parse(event.data)));
    }
  };
}

// Two clients that have few peers both offer at once, and the package does not always recover from
// that, whatever the server does. Without this floor only the larger id offers, so that a test
// fails for the server's sake alone.
const OPTIONS = { allowGlobalFallback: false, connectivityFloor: 0 };

/** One client of the package, with what happened to it kept as lists. */
export class Pigeon {
  #PeerPigeonMesh;
  #frames;
  #mesh = null;
  #discovered = new Set();
  #messages = [];

  constructor(PeerPigeonMesh, frames) {
    this.#PeerPigeonMesh = PeerPigeonMesh;
    this.#frames = frames;
  }

  async start(url, namespace, more = {}) {
    const mesh = new this.#PeerPigeonMesh({ ...OPTIONS, ...more, networkName: namespace });
    mesh.addEventListener("peerDiscovered", ({ peerId }) => this.#discovered.add(peerId));
    mesh.addEventListener("messageReceived", ({ from, content, direct }) => {
      // The package hands a client its own broadcasts too.
      if (from !== mesh.peerId) this.#messages.push({ from, content, direct: direct === true });
    });
    await mesh.init();
    this.#mesh = mesh;
    await mesh.connect(url);
    return mesh.peerId;
  }

  discovered() {
    return [...this.#discovered];
  }

  /** The peers to which a data channel is open. */
  peers() {
    return this.#mesh.getConnectedPeerIds();
  }

  /** How far the connection to each peer is, for whoever looks why there is no channel. */
  states() {
    return [...this.#mesh.connectionManager.peers].map(([peer, { connection, dataChannel }]) => [
      peer,
      connection?.signalingState,
      connection?.iceGatheringState,
      connection?.iceConnectionState,
      dataChannel?.readyState,
    ]);
  }

  messages() {
    return this.#messages;
  }

  frames() {
    return this.#frames;
  }

  sendDirect(target, text) {
    return this.#mesh.sendDirectMessage(target, text);
  }

  broadcast(text) {
    return this.#mesh.sendMessage(text);
  }

  stop() {
    this.#mesh?.disconnect();
    this.#mesh = null;
  }
}
