/**
 * `GET /root-cert.pem` on the secure port: the roots that the server's clients are checked against, for a machine that knows only a root's
 * fingerprint. Roots are public; whoever asks compares fingerprints before trusting any.
 */
import { utf8 } from "../base/mod.ts";
import type { ServerStream } from "../transport/mod.ts";

/** Its path. */
export const ROOTS_PATH = "/root-cert.pem";

/** True when a stream asks for the page. */
export function asksForRoots({ headers }: ServerStream<unknown>): boolean {
  return headers.get(":method") === "GET" && headers.get(":path") === ROOTS_PATH;
}

/** Answers with the roots. */
export function respondRoots(stream: ServerStream<unknown>, rootsPem: string): void {
  const body = utf8(rootsPem);
  stream.respond([
    [":status", "200"],
    ["content-type", "application/x-pem-file"],
    ["content-length", String(body.length)],
  ], false);
  void stream.write(body);
  stream.end([]);
}
