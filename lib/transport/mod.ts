/**
 * HTTP/2 on sockets: a server over TLS and TCP, and a client for long-lived connections.
 *
 * @example The headers of a usual response, encoded once
 * ```ts
 * import { precomputeHeaders } from "signet/transport/mod.ts";
 *
 * const { block } = precomputeHeaders([[":status", "200"]]);
 * if (block[0] !== 0x88) throw new TypeError("Status 200 is one octet");
 * ```
 *
 * @module
 */
export { HTTP2_ERROR, precomputeHeaders } from "../http2/mod.ts";
export type { HeaderBlock, Http2Limits, OutgoingHeaders } from "../http2/mod.ts";
export { connectHttp2, describeTlsFailure } from "./client.ts";
export type { Http2Client, Http2ClientOptions, Http2ClientResponse } from "./client.ts";
export { HANDSHAKE_TIMEOUT_MS, listenHttp2, MAX_CONNECTIONS } from "./listen.ts";
export { Handshakes, type HandshakeSocket } from "./handshakes.ts";
export { createPeerJudge, type PeerJudge, type PeerJudgeOptions } from "./peer_judge.ts";
export { bindServer, boundAddress, closeServer, evidenceOf, remoteAddress } from "./sockets.ts";
export type {
  Address,
  ConnectionView,
  Http2Listener,
  Http2ListenOptions,
  KeepaliveOptions,
  PeerEvidence,
  PeerStanding,
  ServerStream,
  StreamConnection,
} from "./port.ts";
export { Unread } from "./unread.ts";
