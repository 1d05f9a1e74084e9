/** A DNS server over TLS that answers any question with records in every section and all that EDNS can say. */
import { createServer, type TLSSocket } from "node:tls";
import { concatBytes } from "signet/base/mod.ts";
import { message, opt, option, record, u16, wireName } from "../../support/dns_messages.ts";

const HEADER_BYTES = 12;
const [A, SOA] = [1, 6];
const [KEEPALIVE, PADDING, EXTENDED_ERROR, PRIVATE_USE] = [11, 12, 15, 65_001];
const STALE_ANSWER = 3;

/** A running server. */
export interface FullAnswer extends AsyncDisposable {
  /** `localhost:port`. */
  readonly addr: string;
}

/** Starts it with the certificate and key of a folder. */
export async function startFullAnswer(folder: string): Promise<FullAnswer> {
  const cert = await Deno.readTextFile(`${folder}/cert-chain.pem`);
  const key = await Deno.readTextFile(`${folder}/key.pem`);
  const server = createServer({ cert, key, ALPNProtocols: ["dot"] }, serve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  return {
    addr: `localhost:${port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

function serve(socket: TLSSocket): void {
  socket.on("error", () => socket.destroy());
  let read: Uint8Array = new Uint8Array(0);
  socket.on("data", (chunk: Uint8Array) => {
    read = concatBytes([read, chunk]);
    const length = (read[0] ?? 0) << 8 | (read[1] ?? 0);
    if (read.length < 2 || read.length < 2 + length) return;
    const answer = answerTo(read.slice(2, 2 + length));
    socket.end(concatBytes([u16(answer.length), answer]));
  });
}

function answerTo(query: Uint8Array): Uint8Array {
  const end = query.indexOf(0, HEADER_BYTES) + 5;
  const name = wireName("web", "example");
  const soa = concatBytes([name, name, u16(0, 1, 0, 2, 0, 3, 0, 4, 0, 5)]);
  const options = concatBytes([
    option(KEEPALIVE, 0, 100),
    option(EXTENDED_ERROR, 0, STALE_ANSWER, ...new TextEncoder().encode("old")),
    option(PRIVATE_USE, 1),
    option(PADDING, 0, 0),
  ]);
  return message(
    { id: query[0]! << 8 | query[1]!, flags: 0x8180, counts: [1, 1, 1, 2] },
    query.slice(HEADER_BYTES, end),
    record(name, A, Uint8Array.of(192, 0, 2, 1)),
    record(name, SOA, soa),
    record(name, A, Uint8Array.of(192, 0, 2, 2)),
    opt(options),
  );
}
