/** What comes before the first query: clients that do not speak TLS, or an old one, other protocols, and certificates that are not good. */
import assert from "node:assert/strict";
import { message, question, wireName } from "../../support/dns_messages.ts";
import { framed } from "../../support/dot_client.ts";
import { opensslCa, selfSignedCa } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run, tempDir } from "../../support/process.ts";
import type { SignetServer } from "../../support/server.ts";
import { untilLogged } from "../../support/until.ts";
import { connectMesh, startMesh } from "./mesh.ts";

const QUERY = message({}, question(wireName("db", "example")));
/** The first octet of a TLS record with an alert (RFC 8446 section 5.1). */
const ALERT = 0x15;

async function isServed(server: SignetServer): Promise<boolean> {
  await using client = await connectMesh(server);
  client.send(QUERY);
  const answer = await client.next();
  return answer !== undefined && (answer[3]! & 15) === 0;
}

/** All that a server says to octets outside of TLS, until it closes. */
async function saidTo(server: SignetServer, octets: Uint8Array): Promise<Uint8Array> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.ports.dns });
  const said: number[] = [];
  const buffer = new Uint8Array(4096);
  try {
    await connection.write(octets);
    for (let n: number | null; (n = await connection.read(buffer)) !== null;) {
      said.push(...buffer.subarray(0, n));
    }
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.ConnectionReset)) throw thrown;
  } finally {
    connection.close();
  }
  return Uint8Array.from(said);
}

Deno.test("the DNS port says nothing but an alert to what is no TLS", async (t) => {
  await using server = await startMesh({ args: ["--dnsHandshakeTimeout", "2s"] });
  const rows = {
    "cleartext DNS": framed(QUERY),
    "HTTP": new TextEncoder().encode("GET /dns-query HTTP/1.1\r\nHost: x\r\n\r\n"),
    "zeros": new Uint8Array(600),
    "a ClientHello of SSL 3 with nothing behind": Uint8Array.of(0x16, 3, 0, 0, 4, 1, 0, 0, 0),
  };
  for (const [what, octets] of Object.entries(rows)) {
    await t.step(what, async () => {
      const said = await saidTo(server, octets);
      assert.ok(said.length === 0 || said[0] === ALERT, said.toHex());
      assert.ok(said.length < 16, "an alert at most");
    });
  }
  assert.ok(await isServed(server));
});

Deno.test("the DNS port chooses ALPN dot, and refuses clients that offer other protocols alone", async (t) => {
  await using server = await startMesh();
  const rows = [
    [["dot"], "dot"],
    [["h2", "dot"], "dot"],
    [[], false],
    [["h2"], undefined],
    [["x"], undefined],
  ] as const;
  for (const [offered, chosen] of rows) {
    await t.step(`${offered.join(" and ") || "nothing"}: ${chosen ?? "refused"}`, async () => {
      const connecting = connectMesh(server, { tls: { ALPNProtocols: [...offered] } });
      if (chosen === undefined) return void await assert.rejects(connecting);
      await using client = await connecting;
      assert.equal(client.socket.alpnProtocol || false, chosen);
      client.send(QUERY);
      assert.equal((await client.next())![3]! & 15, 0);
    });
  }
});

testWithPeers(
  "the DNS port speaks TLS 1.2 and 1.3 and nothing older",
  ["openssl"],
  async (_t, { openssl }) => {
    await using server = await startMesh();
    const connect = async (at: SignetServer, ...version: readonly string[]) => {
      const to = ["s_client", "-connect", at.addr("dns"), "-alpn", "dot"];
      const old = ["-cipher", "DEFAULT@SECLEVEL=0"];
      const { stdout } = await run(openssl, [...to, ...version, ...old], { stdin: "" });
      return /New, TLSv1\.\d, Cipher is (?!\(NONE\))/.test(stdout);
    };
    const speaks = async (at: SignetServer, version: string) =>
      await connect(at, `-tls1_${version}`);
    assert.deepEqual(
      [await speaks(server, "1"), await speaks(server, "2"), await speaks(server, "3")],
      [false, true, true],
    );
    assert.ok(await isServed(server));
  },
);

testWithPeers(
  "a client certificate on the DNS port must be good in every way, also from an address that may ask without one",
  ["openssl"],
  async (t, { openssl }) => {
    await using dir = await tempDir();
    const root = await selfSignedCa(openssl, `${dir.path}/root`, "/O=root");
    await using server = await startMesh({ args: ["--caCertFile", root.cert] });
    const ca = await opensslCa(openssl, `${dir.path}/issued`, { ...root, roots: server.rootFile });
    const uri = (path: string) => `URI:spiffe://${path}`;
    const good = uri("cluster.local/ns/shop/sa/client");
    const rows = {
      good: { sans: [good] },
      expired: { sans: [good], notBeforeMs: -7_200_000, notAfterMs: -3_600_000 },
      "not yet valid": { sans: [good], notBeforeMs: 3_600_000, notAfterMs: 7_200_000 },
      "of another trust domain": { sans: [uri("other.example/ns/shop/sa/client")] },
      "without a SPIFFE ID": { sans: ["DNS:client.example"] },
      "with two SPIFFE IDs": { sans: [good, uri("cluster.local/ns/shop/sa/other")] },
    } as const;
    for (const [i, [what, request]] of Object.entries(rows).entries()) {
      await t.step(what, async () => {
        const files = await ca.issue(`row${i}`, request);
        const [cert, key] = [
          await Deno.readTextFile(files.cert),
          await Deno.readTextFile(files.key),
        ];
        let rcode: number | undefined;
        try {
          await using client = await connectMesh(server, { cert, key });
          client.send(message({}, question(wireName("private", "example"))));
          const answer = await client.next();
          rcode = answer === undefined ? undefined : answer[3]! & 15;
        } catch (thrown) {
          assert.ok(thrown instanceof Error);
        }
        assert.equal(rcode, what === "good" ? 0 : undefined);
      });
    }
    await untilLogged(server, /tls\.peer_refused/);
    assert.ok(await isServed(server));
  },
);

testWithPeers(
  "the DNS port does not renegotiate a TLS 1.2 connection, and serves others as before",
  ["openssl"],
  async (_t, { openssl }) => {
    await using server = await startMesh();
    const to = ["s_client", "-connect", server.addr("dns"), "-alpn", "dot", "-tls1_2"];
    // A line with an R asks for a new handshake within the first one (openssl-s_client(1), CONNECTED COMMANDS).
    const { stdout, stderr } = await run(openssl, [...to, "-msg"], { stdin: "R\n" });
    const said = stdout + stderr;
    assert.match(said, /Protocol *: TLSv1\.2/);
    assert.match(said, /RENEGOTIATING/);
    assert.equal([...said.matchAll(/^<<< .*ServerHello$/gm)].length, 1, "one handshake");
    assert.match(said, /no_renegotiation|no renegotiation|unexpected_message|handshake_failure/);
    assert.ok(await isServed(server));
  },
);

const URGENT_CLIENT = new URL("urgent_client.py", import.meta.url).pathname;

testWithPeers(
  "TCP urgent data on the DNS port is no part of the stream, and a flood of it ends one connection at most",
  ["python"],
  async (t, { python }) => {
    await using server = await startMesh({ args: ["--dnsHandshakeTimeout", "2s"] });
    const rows = {
      "between queries": "answered",
      "within a record": "answered",
      "before the handshake": "answered",
      "flood": "answered|closed",
    };
    for (const [when, expected] of Object.entries(rows)) {
      await t.step(when, async () => {
        const ran = await run(python, [URGENT_CLIENT, String(server.ports.dns), when]);
        assert.match(ran.stdout, new RegExp(`^(${expected})\n$`), ran.stdout + ran.stderr);
        assert.ok(await isServed(server));
      });
    }
  },
);

Deno.test("ten thousand queries and a reset leave the DNS port as it was", async () => {
  await using server = await startMesh();
  for (let i = 0; i < 3; i++) {
    await using client = await connectMesh(server);
    client.send(...Array.from({ length: 10_000 }, () => QUERY));
    client.socket.destroy();
  }
  assert.ok(await isServed(server));
});
