import assert from "node:assert/strict";
import { encodeName, RCODE, TYPE } from "../../../lib/dns/message/mod.ts";
import { opensslCa, selfSignedCa } from "../../support/openssl_ca.ts";
import { openForwarding, recordsOf } from "../../support/forwarding.ts";
import { testWithPeers } from "../../support/peers.ts";
import { startUnbound } from "../../support/unbound.ts";

const LONG = "x".repeat(250);
const DATA = [
  'local-zone: "example." static',
  'local-data: "example. 600 IN SOA ns.example. admin.example. 7 3600 900 86400 77"',
  'local-data: "one.example. 300 IN A 192.0.2.1"',
  'local-data: "six.example. 300 IN AAAA 2001:db8::6"',
  'local-data: "mail.example. 300 IN MX 10 Mx.Other."',
  ...Array.from({ length: 12 }, (_, i) => `local-data: 'big.example. 300 IN TXT "${i}${LONG}"'`),
];

for (const transport of ["udp", "tcp", "tls"] as const) {
  testWithPeers(
    `forward() asks unbound over ${transport}: data, NODATA, NXDOMAIN, and what fits no datagram`,
    ["unbound", "openssl"],
    async (_t, { unbound, openssl }) => {
      const dir = await Deno.makeTempDir({ prefix: "signet_dns_" });
      const tls = await tlsFiles(openssl, dir);
      await using server = await startUnbound(unbound, { server: DATA, tls });
      const port = transport === "tls" ? `${server.tlsPort}#dns.example` : server.port;
      await using forwarding = await openForwarding({
        upstreams: [`${transport}://127.0.0.1:${port}`],
        rootsFile: tls.rootsPath,
      });
      const one = await forwarding.ask("One.example");
      assert.deepEqual([one.rcode, one.source], [RCODE.NOERROR, "upstream"]);
      const [record] = recordsOf(one, "One.example").answers;
      assert.deepEqual(record?.data, Uint8Array.of(192, 0, 2, 1));
      assert.equal(record.ttl, 300);

      const nodata = await forwarding.ask("one.example", { type: TYPE.AAAA });
      assert.equal(nodata.rcode, RCODE.NOERROR);
      const [soa] = recordsOf(nodata, "one.example").authorities;
      assert.deepEqual([soa?.type, soa?.ttl], [TYPE.SOA, 77]);

      const missing = await forwarding.ask("missing.example");
      assert.equal(missing.rcode, RCODE.NXDOMAIN);

      const mail = await forwarding.ask("mail.example", { type: TYPE.MX });
      const data = recordsOf(mail, "mail.example").answers[0]?.data;
      assert.deepEqual(data, Uint8Array.of(0, 10, ...encodeName("Mx.Other")));

      const big = await forwarding.ask("big.example", { type: TYPE.TXT });
      assert.equal(recordsOf(big, "big.example").answers.length, 12);
      assert.equal((await forwarding.ask("big.example", { type: TYPE.TXT })).source, "cache");
      await Deno.remove(dir, { recursive: true });
    },
  );
}

testWithPeers(
  "forward() takes no answer from a server whose certificate has another name or another root",
  ["unbound", "openssl"],
  async (_t, { unbound, openssl }) => {
    const dir = await Deno.makeTempDir({ prefix: "signet_dns_" });
    const [tls, other] = [await tlsFiles(openssl, `${dir}/a`), await tlsFiles(openssl, `${dir}/b`)];
    await using server = await startUnbound(unbound, { server: DATA, tls });
    const named = await tlsFiles(openssl, `${dir}/c`, ["DNS:dns.example"]);
    await using withoutAddress = await startUnbound(unbound, { server: DATA, tls: named });
    const at = `tls://127.0.0.1:${server.tlsPort}`;
    for (
      const [upstream, rootsFile, rcode] of [
        [`${at}#dns.example`, tls.rootsPath, RCODE.NOERROR],
        [at, tls.rootsPath, RCODE.NOERROR],
        [`tls://127.0.0.1:${withoutAddress.tlsPort}`, named.rootsPath, RCODE.SERVFAIL],
        [`${at}#other.example`, tls.rootsPath, RCODE.SERVFAIL],
        [`${at}#dns.example`, other.rootsPath, RCODE.SERVFAIL],
        [`${at}#dns.example`, undefined, RCODE.SERVFAIL],
      ] as const
    ) {
      await using forwarding = await openForwarding({ upstreams: [upstream], rootsFile });
      const answer = await forwarding.ask("one.example");
      assert.equal(answer.rcode, rcode, `${upstream} ${rootsFile}`);
    }
    await Deno.remove(dir, { recursive: true });
  },
);

testWithPeers(
  "forward() goes to the next server while unbound is away, and comes back to it",
  ["unbound"],
  async (_t, { unbound }) => {
    let first = await startUnbound(unbound, { server: DATA });
    const others = DATA.map((line) => line.replace("192.0.2.1", "192.0.2.2"));
    await using second = await startUnbound(unbound, { server: others });
    await using forwarding = await openForwarding({
      upstreams: [`udp://127.0.0.1:${first.port}`, `tcp://127.0.0.1:${second.port}`],
      cacheBytes: 0,
    });
    const lastOctet = async () => {
      const answer = await forwarding.ask("one.example");
      assert.equal(answer.rcode, RCODE.NOERROR);
      return recordsOf(answer, "one.example").answers[0]?.data.at(-1);
    };
    assert.equal(await lastOctet(), 1);
    await first[Symbol.asyncDispose]();
    for (let i = 0; i < 4; i++) assert.equal(await lastOctet(), 2);
    assert.ok(forwarding.records.some(({ event }) => event === "dns.upstream_down"));
    first = await startUnbound(unbound, { server: DATA, port: first.port });
    await using _again = first;
    for (let i = 0; i < 100 && await lastOctet() !== 1; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(await lastOctet(), 1);
    assert.ok(forwarding.records.some(({ event }) => event === "dns.upstream_up"));
  },
);

async function tlsFiles(
  openssl: string,
  dir: string,
  sans: readonly string[] = ["DNS:dns.example", "IP:127.0.0.1"],
) {
  await Deno.mkdir(dir, { recursive: true });
  const ca = await selfSignedCa(openssl, dir, "/O=resolvers");
  const issuer = await opensslCa(openssl, `${dir}/ca`, { ...ca, roots: ca.cert });
  const { cert, key } = await issuer.issue("server", {
    sans,
    extendedKeyUsage: ["serverAuth"],
  });
  return { certPath: cert, keyPath: key, rootsPath: ca.cert };
}
