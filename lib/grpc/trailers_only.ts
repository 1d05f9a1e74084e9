/** A gRPC answer without a message: one header block (gRPC over HTTP/2, "Trailers-Only"). */

/** The fields of an answer that is a status alone. */
export function trailersOnly(code: number, message: string): [string, string][] {
  return [
    [":status", "200"],
    ["content-type", "application/grpc"],
    ["grpc-status", String(code)],
    ["grpc-message", percentEncode(message)],
  ];
}

/** Percent-encoding of `grpc-message`: all but printable ASCII, and the percent sign (gRPC over HTTP/2, "Percent-Encoded"). */
export function percentEncode(message: string): string {
  let encoded = "";
  for (const byte of new TextEncoder().encode(message)) {
    encoded += byte < 0x20 || byte > 0x7e || byte === 0x25
      ? `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
      : String.fromCharCode(byte);
  }
  return encoded;
}
