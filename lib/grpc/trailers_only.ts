/** A gRPC answer without a message: one header block (gRPC over HTTP/2, "Trailers-Only"). */
import type { ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";

/** The fields of an answer that is a status alone. */
export function trailersOnly(code: number, message: string): [string, string][] {
  return [
    [":status", "200"],
    ["content-type", "application/grpc"],
    ["grpc-status", String(code)],
    ["grpc-message", percentEncode(message)],
  ];
}

/** The fields of an answer that is an error alone, with its details and metadata. */
export function errorOnly(error: ConnectError): [string, string][] {
  const fields = trailersOnly(error.code, error.rawMessage);
  if (error.details.length === 0 && [...error.metadata].length === 0) return fields;
  const names = new Set(fields.map(([name]) => name));
  const more = [...setTrailerStatus(new Headers(), error)].filter(([name]) => !names.has(name));
  return [...fields, ...more];
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
