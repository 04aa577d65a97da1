// y-webrtc imports this package as a module, which it is not: it leaves itself as a global.
export default globalThis.SimplePeer;
