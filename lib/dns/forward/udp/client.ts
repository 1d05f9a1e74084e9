/**
 * Questions over UDP: each from a socket, and so a random port, of its own (RFC 5452 section 9.2). What does not fit the question is
 * ignored; when there is much of it someone guesses, and the question is asked over a stream instead.
 */
import { createSocket } from "node:dgram";
import { formatIpAddress, messageOf, parseIpAddress, SignetError } from "../../../base/mod.ts";
import { type Carrier, type RandomBytes, randomId } from "../carrier.ts";
import { fitOf, isTruncated } from "../exchange.ts";
import type { Upstream } from "../upstream.ts";

/** Datagrams that do not fit before UDP is given up for a question. */
export const MAX_STRAY_DATAGRAMS = 8;

/** Makes the {@linkcode Carrier} of a server that is spoken to by UDP. */
export function createUdpCarrier(
  { hostname, port, label }: Upstream,
  { randomBytes }: { readonly randomBytes: RandomBytes },
): Carrier {
  const address = canonical(hostname);
  return {
    ask: (write, { signal }) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const exchange = write(randomId(randomBytes));
        const socket = createSocket(hostname.includes(":") ? "udp6" : "udp4");
        let strays = 0;
        let isOpen = true;
        const close = () => {
          signal.removeEventListener("abort", onAbort);
          if (isOpen) socket.close();
          isOpen = false;
        };
        const onAbort = () => {
          close();
          reject(signal.reason);
        };
        const fail = (cause: unknown) => {
          close();
          reject(unsent(label, cause));
        };
        signal.addEventListener("abort", onAbort);
        socket.on("error", fail);
        socket.on("message", (message: Uint8Array, from) => {
          if (!isOpen) return;
          const isServer = from.port === port && canonical(from.address) === address;
          const fit = isServer ? fitOf(message, exchange) : "foreign";
          if (fit === "foreign" && ++strays < MAX_STRAY_DATAGRAMS) return;
          close();
          resolve(fit === "reply" && !isTruncated(message) ? message.slice() : undefined);
        });
        socket.send(exchange.framed.subarray(2), port, hostname, (thrown: unknown) => {
          if (thrown) fail(thrown);
        });
      }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** An address without its zone, in one form. */
function canonical(text: string): string {
  const octets = parseIpAddress(text.split("%")[0]!);
  return octets === undefined ? text : formatIpAddress(octets) ?? text;
}

function unsent(label: string, cause: unknown): SignetError {
  return new SignetError("dns.upstream_failed", `Cannot ask ${label}: ${messageOf(cause)}`, {
    cause,
  });
}
