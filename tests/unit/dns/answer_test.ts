/** What is answered here and what is not: special names, names before the first table, questions that are not forwarded, aliases. */
import assert from "node:assert/strict";
import { createAnswerer } from "../../../lib/dns/answer.ts";
import {
  decodeMessage,
  decodeQuery,
  encodeName,
  encodeRecord,
  encodeResponse,
  EXTENDED_ERROR,
  RCODE,
  sectionOf,
  TYPE,
  typeName,
} from "../../../lib/dns/message/mod.ts";
import { buildNameTable } from "../../../lib/dns/name_table.ts";
import type { DnsAnswer, Forwarder, ForwardQuestion } from "../../../lib/dns/port.ts";
import { EMPTY_ANSWER } from "../../support/dns_connection.ts";
import { message, question, wireName } from "../../support/dns_messages.ts";
import { serviceOf } from "../../support/services.ts";

const CLIENT = { address: "127.0.0.1", namespace: "shop", admitted: true };
const TABLE = buildNameTable({
  generation: 1,
  services: [
    serviceOf("six.example", { addresses: ["2001:db8::6"] }),
    serviceOf("gone.shop.svc.cluster.local", {
      registry: "Kubernetes",
      externalName: "elsewhere.example",
    }),
  ],
}, { domain: "cluster.local" });
const NO_FORWARDER: Forwarder = {
  forward: ({ name }) => assert.fail(`${name} was forwarded`),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

interface Setting {
  readonly forwarder?: Forwarder | undefined;
  readonly table?: typeof TABLE | undefined;
  readonly type?: number;
  readonly flags?: number;
}

/** The answer, and what a client reads of it. */
async function answerTo(name: string, setting: Setting = {}) {
  const { forwarder, type = TYPE.A, flags = 0x0100 } = setting;
  const table = "table" in setting ? setting.table : TABLE;
  const asked = question(wireName(...name.split(".").filter((label) => label !== "")), type);
  const decoded = decodeQuery(message({ flags }, asked));
  assert.ok(decoded.kind === "query");
  const answerer = createAnswerer({ table: () => table, forwarder, pick: () => 0 });
  const answer: DnsAnswer = await answerer(decoded.query, CLIENT);
  const framed = encodeResponse({
    ...{ id: 1, queryFlags: flags, question: asked, edns: undefined, keepalive: undefined },
    ...answer,
  });
  return { answer, read: decodeMessage(framed.subarray(2)) };
}

Deno.test("names that exist for nobody are answered here, with a SOA, and never forwarded (RFC 6761, 6303, 7686, 8375, 9462)", async (t) => {
  const { NXDOMAIN, NOERROR } = RCODE;
  const rows: readonly (readonly [string, number, string])[] = [
    ["www.invalid", NXDOMAIN, "invalid"],
    ["www.test", NXDOMAIN, "test"],
    ["a.b.onion", NXDOMAIN, "onion"],
    ["printer.home.arpa", NXDOMAIN, "home.arpa"],
    ["home.arpa", NOERROR, "home.arpa"],
    ["_dns.resolver.arpa", NXDOMAIN, "resolver.arpa"],
    ["resolver.arpa", NOERROR, "resolver.arpa"],
    ["1.2.3.10.in-addr.arpa", NXDOMAIN, "10.in-addr.arpa"],
    ["10.in-addr.arpa", NOERROR, "10.in-addr.arpa"],
    ["1.0.168.192.in-addr.arpa", NXDOMAIN, "168.192.in-addr.arpa"],
    ["1.0.16.172.in-addr.arpa", NXDOMAIN, "16.172.in-addr.arpa"],
    ["1.0.31.172.in-addr.arpa", NXDOMAIN, "31.172.in-addr.arpa"],
    ["1.1.254.169.in-addr.arpa", NXDOMAIN, "254.169.in-addr.arpa"],
    ["1.0.0.127.in-addr.arpa", NXDOMAIN, "127.in-addr.arpa"],
    ["1.0.0.d.f.ip6.arpa", NXDOMAIN, "d.f.ip6.arpa"],
    ["1.b.e.f.ip6.arpa", NXDOMAIN, "b.e.f.ip6.arpa"],
  ];
  for (const [name, rcode, zone] of rows) {
    await t.step(name, async () => {
      const { answer, read } = await answerTo(name, { forwarder: NO_FORWARDER });
      assert.deepEqual([answer.rcode, answer.source, read.answers.length], [rcode, "local", 0]);
      assert.deepEqual(read.authorities.map(({ name, type }) => [name, typeName(type)]), [
        [zone, "SOA"],
      ]);
    });
  }
});

Deno.test("names beside those that exist for nobody are forwarded", async (t) => {
  for (const name of ["1.0.32.172.in-addr.arpa", "nottest", "test.example", "1.8.in-addr.arpa"]) {
    await t.step(name, async () => {
      const asked: string[] = [];
      const forwarder: Forwarder = {
        ...NO_FORWARDER,
        forward: (question) => {
          asked.push(question.name);
          return EMPTY_ANSWER;
        },
      };
      await answerTo(name, { forwarder });
      assert.deepEqual(asked, [name]);
    });
  }
});

Deno.test("localhost is this machine, with the names below it", async () => {
  for (const name of ["localhost", "a.b.localhost"]) {
    const four = await answerTo(name, { forwarder: NO_FORWARDER });
    assert.deepEqual(four.read.answers.map(({ data }) => data.toHex()), ["7f000001"]);
    const six = await answerTo(name, { forwarder: NO_FORWARDER, type: TYPE.AAAA });
    assert.deepEqual(six.read.answers.map(({ data }) => data.toHex()), [`${"00".repeat(15)}01`]);
    const mail = await answerTo(name, { forwarder: NO_FORWARDER, type: TYPE.MX });
    assert.deepEqual([mail.answer.rcode, mail.read.authorities.length], [RCODE.NOERROR, 1]);
  }
});

Deno.test("before the first table nothing is known: SERVFAIL, not ready", async () => {
  const { answer } = await answerTo("six.example", { table: undefined });
  assert.equal(answer.rcode, RCODE.SERVFAIL);
  assert.equal(answer.extendedError?.code, EXTENDED_ERROR.NOT_READY);
  assert.equal(answer.reuse, undefined);
});

Deno.test("a question without RD is not forwarded, nor one where nothing is", async () => {
  for (const setting of [{ forwarder: NO_FORWARDER, flags: 0 }, { forwarder: undefined }]) {
    const { answer } = await answerTo("www.example.org", setting);
    assert.equal(answer.rcode, RCODE.REFUSED);
    assert.equal(answer.extendedError?.code, EXTENDED_ERROR.NOT_AUTHORITATIVE);
  }
  const { read } = await answerTo("six.example", { type: TYPE.AAAA, flags: 0 });
  assert.equal(read.answers.length, 1, "the mesh's own names are told");
});

Deno.test("type ANY gets one record set (RFC 8482)", async () => {
  const { read } = await answerTo("six.example", { type: TYPE.ANY });
  assert.deepEqual(read.answers.map(({ type }) => typeName(type)), ["AAAA"]);
});

Deno.test("an ExternalName is an alias, and what it leads to is asked for with it", async () => {
  const asked: ForwardQuestion[] = [];
  const owner = Uint8Array.of(0xc0, 12);
  const record = encodeRecord(owner, { type: TYPE.A, ttl: 7, data: Uint8Array.of(192, 0, 2, 1) });
  const forwarder: Forwarder = {
    ...NO_FORWARDER,
    forward: (question) => {
      asked.push(question);
      const aging = { seconds: 0, ttlsAt: [6], at: () => undefined };
      return {
        ...EMPTY_ANSWER,
        answer: sectionOf([record]),
        reuse: { untilMs: 1_000, orders: [], onReuse: undefined, aging },
      };
    },
  };
  const { answer, read } = await answerTo("gone.shop", { forwarder });
  assert.deepEqual(asked.map(({ name }) => name), ["elsewhere.example"]);
  assert.deepEqual(read.answers.map(({ name, type, ttl }) => [name, typeName(type), ttl]), [
    ["gone.shop", "CNAME", 30],
    ["elsewhere.example", "A", 7],
  ]);
  assert.equal(answer.reuse?.untilMs, 1_000);
  assert.equal(answer.reuse?.aging, undefined, "its TTLs stand elsewhere in this answer");
  const alone = await answerTo("gone.shop", { forwarder: undefined });
  assert.deepEqual(alone.read.answers.map(({ data }) => data), [encodeName("elsewhere.example")]);
});
