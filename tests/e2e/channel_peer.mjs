// A peer of a hub's data channel, in a browser or in Node; it sends back what it gets.

export class ChannelPeer {
  constructor(RTCPeerConnection) {
    this.connection = new RTCPeerConnection();
    this.channel = this.connection.createDataChannel("peerpigeon-hub", { negotiated: true, id: 0 });
    this.channel.binaryType = "arraybuffer";
    this.received = 0;
    this.channel.onmessage = ({ data }) => {
      this.received += 1;
      this.channel.send(data);
    };
    this.opened = new Promise((resolve) => (this.channel.onopen = resolve));
    this.closed = new Promise((resolve) => (this.channel.onclose = resolve));
  }

  async offer() {
    await this.connection.setLocalDescription(await this.connection.createOffer());
    return this.described();
  }

  async answer(sdp) {
    await this.connection.setRemoteDescription({ type: "offer", sdp });
    await this.connection.setLocalDescription(await this.connection.createAnswer());
    return this.described();
  }

  async takeAnswer(sdp) {
    await this.connection.setRemoteDescription({ type: "answer", sdp });
  }

  /** Waits until all addresses are found, so that the description has them. */
  async described() {
    while (this.connection.iceGatheringState !== "complete") await pause();
    return this.connection.localDescription.sdp;
  }

  async open() {
    await this.opened;
  }

  /** Sends one message before it has got any. */
  greet(size) {
    this.channel.send(new Uint8Array(size).fill(7));
  }

  count() {
    return this.received;
  }

  /** Closes the channel, then the connection once the hub has said that it knows. */
  async closeChannel() {
    this.channel.close();
    await this.closed;
  }

  async untilClosed() {
    await this.closed;
    return this.channel.readyState;
  }

  close() {
    this.connection.close();
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 10));
