/** Reading and checking the payloads of frames that are about more than one stream, or about how one begins (RFC 9113 section 6). */
import { connectionError, readUint31, stripPadding } from "./frame_reader.ts";
import { FLAG, HTTP2_ERROR, MAX_FRAME_BYTES, MAX_WINDOW, SETTING } from "./frames.ts";

/** The piece of a header block in a HEADERS frame: without padding and priority (section 6.2). */
export function headersFragment(flags: number, streamId: number, payload: Uint8Array): Uint8Array {
  if (streamId === 0) throw connectionError(HTTP2_ERROR.PROTOCOL_ERROR, "HEADERS on stream 0");
  const fragment = flags & FLAG.padded ? stripPadding(payload) : payload;
  if ((flags & FLAG.priority) === 0) return fragment;
  if (fragment.length < 5) {
    throw connectionError(HTTP2_ERROR.FRAME_SIZE_ERROR, "HEADERS is too short for its priority");
  }
  checkDependency(streamId, fragment);
  return fragment.subarray(5);
}

/** A stream cannot depend on itself; priorities have no other effect (section 5.3.2). */
export function checkDependency(streamId: number, priority: Uint8Array): void {
  if (readUint31(priority, 0) !== streamId) return;
  throw connectionError(HTTP2_ERROR.PROTOCOL_ERROR, "a stream depends on itself");
}

/** True for an acknowledgement, false for settings; each of the right size and on the connection (section 6.5). */
export function isSettingsAck(flags: number, streamId: number, payload: Uint8Array): boolean {
  if (streamId !== 0) throw connectionError(HTTP2_ERROR.PROTOCOL_ERROR, "SETTINGS on a stream");
  const isAck = (flags & FLAG.ack) !== 0;
  if (isAck && payload.length !== 0) {
    throw connectionError(
      HTTP2_ERROR.FRAME_SIZE_ERROR,
      "an acknowledgement of SETTINGS is not empty",
    );
  }
  if (payload.length % 6 !== 0) {
    throw connectionError(HTTP2_ERROR.FRAME_SIZE_ERROR, "SETTINGS has a wrong size");
  }
  return isAck;
}

/** Calls `take` for each setting, in order, when its value is one that a peer of `sender`'s role may send (section 6.5.2). */
export function readSettings(
  payload: Uint8Array,
  sender: "client" | "server",
  take: (identifier: number, value: number) => void,
): void {
  for (let at = 0; at < payload.length; at += 6) {
    const value = readUint31(payload, at + 2) + (payload[at + 2]! >= 0x80 ? 2 ** 31 : 0);
    const identifier = payload[at]! * 256 + payload[at + 1]!;
    checkSetting(identifier, value, sender);
    take(identifier, value);
  }
}

function checkSetting(identifier: number, value: number, sender: "client" | "server"): void {
  if (identifier === SETTING.enablePush && value > (sender === "client" ? 1 : 0)) {
    throw connectionError(HTTP2_ERROR.PROTOCOL_ERROR, "ENABLE_PUSH is wrong");
  }
  if (identifier === SETTING.initialWindowSize && value > MAX_WINDOW) {
    throw connectionError(HTTP2_ERROR.FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE is above 2^31 - 1");
  }
  const isFrameSize = identifier === SETTING.maxFrameSize;
  if (isFrameSize && (value < MAX_FRAME_BYTES || value > 0xffffff)) {
    throw connectionError(HTTP2_ERROR.PROTOCOL_ERROR, "MAX_FRAME_SIZE is out of range");
  }
}

/** A PING is on the connection and has eight octets (section 6.7). */
export function checkPing(streamId: number, payload: Uint8Array): void {
  if (streamId !== 0) throw connectionError(HTTP2_ERROR.PROTOCOL_ERROR, "PING on a stream");
  if (payload.length === 8) return;
  throw connectionError(HTTP2_ERROR.FRAME_SIZE_ERROR, "PING has a wrong size");
}

/** A GOAWAY is on the connection and has at least its two numbers (section 6.8). */
export function checkGoaway(streamId: number, payload: Uint8Array): void {
  if (streamId !== 0) throw connectionError(HTTP2_ERROR.PROTOCOL_ERROR, "GOAWAY on a stream");
  if (payload.length >= 8) return;
  throw connectionError(HTTP2_ERROR.FRAME_SIZE_ERROR, "GOAWAY has a wrong size");
}

/** The error code of a RST_STREAM (section 6.4). */
export function resetCode(payload: Uint8Array): number {
  if (payload.length === 4) return readUint31(payload, 0);
  throw connectionError(HTTP2_ERROR.FRAME_SIZE_ERROR, "RST_STREAM has a wrong size");
}

/** The increment of a WINDOW_UPDATE; 0 ends the connection, or the stream that it is about (section 6.9). */
export function windowIncrement(streamId: number, payload: Uint8Array): number {
  if (payload.length !== 4) {
    throw connectionError(HTTP2_ERROR.FRAME_SIZE_ERROR, "WINDOW_UPDATE has a wrong size");
  }
  const more = readUint31(payload, 0);
  if (more === 0 && streamId === 0) {
    throw connectionError(HTTP2_ERROR.PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
  }
  return more;
}
