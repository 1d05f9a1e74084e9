/** Bounds on what one client can make the server keep or do. */

/** Streams that are open at one time: more proxies than one server can configure. */
export const MAX_STREAMS = 20_000;
/** Streams of one connection: a proxy has one; an agent opens a connection for each of its proxy's streams. */
export const MAX_STREAMS_PER_CONNECTION = 8;
/** Octets of a node: what a real agent sends takes four to ten thousand. It is read once and not kept. */
export const MAX_NODE_BYTES = 256 << 10;
/** Names that a stream may be subscribed to, all types together: a mesh of ten thousand services has forty thousand clusters. */
export const MAX_NAMES = 50_000;
/** Longest name of a resource. */
export const MAX_NAME_CHARS = 1_024;
/** Octets of what a client says of a refusal that are kept. */
export const MAX_ERROR_CHARS = 2_048;
/** Time for a client to take a message; its machine answers keepalives much sooner or is gone. */
export const SEND_TIMEOUT_MS = 60_000;
/** Time for the first message of a stream. */
export const FIRST_REQUEST_TIMEOUT_MS = 30_000;
/** Time that a new stream waits for its turn. */
export const MAX_TURN_WAIT_MS = 1_000;
/** Unknown types of one stream that the log hears of. */
export const MAX_UNKNOWN_LOGGED = 5;
