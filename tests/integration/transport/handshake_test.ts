import assert from "node:assert/strict";

import { startSignet } from "../../support/server.ts";

const CLIENTS_OF_EACH_KIND = 20;
/** The server gives a handshake 10 s and looks once a second. A client that is open after this one is never closed. */
const NEVER_MS = 40_000;
/** A record header that promises a ClientHello of 512 octets, and the first of them. */
const HALF_A_HELLO = Uint8Array.of(
  0x16,
  0x03,
  0x01,
  0x02,
  0x00,
  0x01,
  0x00,
  0x01,
  0xfc,
  0x03,
  0x03,
);

/** Resolves when the server has closed the connection; rejects after {@linkcode NEVER_MS}. */
async function untilClosed(connection: Deno.TcpConn): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const never = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TypeError("the server never closed it")), NEVER_MS);
  });
  const drained = async () => {
    try {
      while (await connection.read(new Uint8Array(512)) !== null);
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.ConnectionReset)) throw thrown;
    }
  };
  try {
    await Promise.race([drained(), never]);
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}

Deno.test("clients that never finish their TLS handshake are closed, and do not keep others out", async () => {
  await using server = await startSignet();
  const kinds = [
    new Uint8Array(0),
    HALF_A_HELLO,
    new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"),
  ];
  const closed: Promise<void>[] = [];
  for (const bytes of kinds) {
    for (let n = 0; n < CLIENTS_OF_EACH_KIND; n++) {
      const port = server.ports.secureGrpc;
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      if (bytes.length > 0) await connection.write(bytes);
      closed.push(untilClosed(connection));
    }
  }
  const caCerts = [await Deno.readTextFile(server.rootFile)];
  const port = server.ports.secureGrpc;
  const good = await Deno.connectTls({
    hostname: "localhost",
    port,
    caCerts,
    alpnProtocols: ["h2"],
  });
  assert.equal((await good.handshake()).alpnProtocol, "h2");
  good.close();
  await Promise.all(closed);
});
