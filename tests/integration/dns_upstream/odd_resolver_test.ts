import assert from "node:assert/strict";
import { RCODE } from "../../../lib/dns/message/mod.ts";
import { openForwarding, recordsOf } from "../../support/forwarding.ts";
import {
  emptyReplyTo,
  type OddQuery,
  questionOf,
  replyTo,
  startOddResolver,
} from "../../support/odd_resolver.ts";

const NAME = "odd.example.com";
const FORGED = [203, 0, 113, 66];

/** What comes over UDP, and what is made of it. */
const ROWS: readonly {
  readonly what: string;
  readonly udp: (query: OddQuery) => void;
  readonly tcp?: (query: OddQuery) => void;
  /** Transports of the queries that it takes. */
  readonly takes: readonly string[];
  readonly rcode?: number;
  readonly ede?: number;
}[] = [
  { what: "a good reply", udp: good, takes: ["udp"] },
  {
    what: "replies with another ID before the good one",
    udp: (query) => {
      query.send(replyTo(query.message, { address: FORGED }).with(0, query.message[0]! ^ 1));
      good(query);
    },
    takes: ["udp"],
  },
  {
    what: "a reply to another question before the good one",
    udp: (query) => {
      const message = replyTo(query.message, { address: FORGED });
      query.send(message.with(13, message[13]! ^ 1));
      good(query);
    },
    takes: ["udp"],
  },
  {
    what: "a reply whose name is spelt otherwise: asked again over TCP",
    udp: (query) => query.send(otherCase(replyTo(query.message, { address: FORGED }))),
    tcp: good,
    takes: ["udp", "tcp"],
  },
  {
    what: "a flood of guesses: asked again over TCP",
    udp: (query) => {
      for (let i = 1; i < 30; i++) {
        const id = query.message[1]! ^ i;
        query.send(replyTo(query.message, { address: FORGED }).with(1, id));
      }
    },
    tcp: good,
    takes: ["udp", "tcp"],
  },
  {
    what: "a truncated reply: asked again over TCP",
    udp: (query) => query.send(emptyReplyTo(query.message, 0x8380)),
    tcp: good,
    takes: ["udp", "tcp"],
  },
  {
    what: "a server that does not know EDNS: asked again without",
    udp: (query) => {
      const hasOpt = query.message[11] === 1;
      query.send(hasOpt ? emptyReplyTo(query.message, 0x8181) : replyTo(query.message));
    },
    takes: ["udp", "udp"],
  },
  {
    what: "SERVFAIL",
    udp: (query) => query.send(emptyReplyTo(query.message, 0x8182)),
    takes: ["udp"],
    rcode: RCODE.SERVFAIL,
    ede: 23,
  },
  {
    what: "REFUSED is no word of signet's own",
    udp: (query) => query.send(emptyReplyTo(query.message, 0x8185)),
    takes: ["udp"],
    rcode: RCODE.SERVFAIL,
    ede: 23,
  },
  {
    what: "a record that points to itself",
    udp: (query) => {
      const reply = replyTo(query.message);
      const at = 12 + questionOf(query.message).length;
      query.send(reply.with(at, 0xc0).with(at + 1, at));
    },
    takes: ["udp"],
    rcode: RCODE.SERVFAIL,
    ede: 24,
  },
  {
    what: "a count without records",
    udp: (query) => query.send(emptyReplyTo(query.message, 0x8180).with(7, 9)),
    takes: ["udp"],
    rcode: RCODE.SERVFAIL,
    ede: 24,
  },
  {
    what: "a TCP connection that ends without a reply",
    udp: (query) => query.send(emptyReplyTo(query.message, 0x8380)),
    tcp: (query) => query.hangUp(),
    takes: ["udp", "tcp"],
    rcode: RCODE.SERVFAIL,
    ede: 23,
  },
  {
    what: "64 KiB over TCP",
    udp: (query) => query.send(emptyReplyTo(query.message, 0x8380)),
    tcp: (query) => query.send(large(query.message)),
    takes: ["udp", "tcp"],
  },
];

Deno.test("forward() takes what a server sends for what it is", async (t) => {
  for (const { what, udp, tcp, takes, rcode = RCODE.NOERROR, ede } of ROWS) {
    await t.step(what, async () => {
      await using server = await startOddResolver((query) =>
        query.transport === "udp" ? udp(query) : tcp?.(query)
      );
      await using forwarding = await openForwarding({ upstreams: [`127.0.0.1:${server.port}`] });
      const answer = await forwarding.ask(NAME);
      assert.deepEqual([answer.rcode, answer.extendedError?.code], [rcode, ede]);
      assert.deepEqual(server.queries.map(({ transport }) => transport), takes);
      if (rcode !== RCODE.NOERROR) return;
      assert.deepEqual(recordsOf(answer, NAME).answers[0]?.data, Uint8Array.of(192, 0, 2, 1));
    });
  }
});

Deno.test("forward() asks a server that never replies three times over UDP, then says so, then asks no more", async () => {
  await using server = await startOddResolver(() => {});
  await using forwarding = await openForwarding({
    upstreams: [`127.0.0.1:${server.port}`],
    timeoutMs: 2_500,
  });
  const first = await forwarding.ask(NAME);
  assert.deepEqual([first.rcode, first.extendedError?.code], [RCODE.SERVFAIL, 22]);
  const asked = () =>
    server.queries.filter(({ message }) => questionOf(message).length === NAME.length + 6).length;
  assert.equal(asked(), 3);
  const second = await forwarding.ask(NAME);
  assert.deepEqual([second.rcode, second.extendedError?.code], [RCODE.SERVFAIL, 13]);
  assert.equal(asked(), 3);
});

Deno.test("forward() sends each query over UDP from another port with another ID and another spelling", async () => {
  await using server = await startOddResolver(good);
  await using forwarding = await openForwarding({
    upstreams: [`127.0.0.1:${server.port}`],
    cacheBytes: 0,
  });
  for (let i = 0; i < 40; i++) await forwarding.ask(NAME);
  const different = (of: (query: OddQuery) => unknown) => new Set(server.queries.map(of)).size;
  assert.ok(different(({ port }) => port) > 30);
  assert.ok(different(({ message }) => message[0]! << 8 | message[1]!) > 35);
  assert.ok(different(({ message }) => questionOf(message).toHex()) > 35);
});

Deno.test("forward() sends many questions over one TCP connection and takes the replies in any order", async () => {
  const waiting: OddQuery[] = [];
  await using server = await startOddResolver((query) => {
    waiting.push(query);
    if (waiting.length < 100) return;
    for (const each of waiting.splice(0).reverse()) good(each);
  });
  await using forwarding = await openForwarding({ upstreams: [`tcp://127.0.0.1:${server.port}`] });
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) => forwarding.ask(`${i}.example.com`)),
  );
  assert.ok(answers.every(({ rcode }) => rcode === RCODE.NOERROR));
  assert.equal(server.connections, 1);
});

Deno.test("forward() asks again on a new connection when the server has closed the one that was kept", async () => {
  const open: OddQuery[] = [];
  await using server = await startOddResolver((query) => {
    good(query);
    open.push(query);
  });
  await using forwarding = await openForwarding({ upstreams: [`tcp://127.0.0.1:${server.port}`] });
  for (let i = 0; i < 4; i++) {
    assert.equal((await forwarding.ask(`${i}.example.com`)).rcode, RCODE.NOERROR);
    for (const query of open.splice(0)) query.hangUp();
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  assert.ok(server.connections >= 4);
});

Deno.test("openForwarder() follows resolv.conf, and keeps what it knows while the file is of no use", async () => {
  const path = await Deno.makeTempFile({ prefix: "signet_resolv_" });
  // Its lines have no ports: what is looked at is what the log says of them.
  await Deno.writeTextFile(path, "nameserver 127.0.0.53\nnameserver nonsense\n");
  await using forwarding = await openForwarding({ resolvConf: path });
  const read = () =>
    forwarding.records.filter(({ event, level }) =>
      event === "dns.upstreams_changed" && level === "info"
    ).map(({ fields }) => fields.upstreams);
  assert.deepEqual(read(), [["udp://127.0.0.53:53"]]);
  await Deno.writeTextFile(path, "");
  await new Promise((resolve) => setTimeout(resolve, 1_300));
  await Deno.writeTextFile(path, "nameserver 127.0.0.54\nnameserver ::1\n");
  for (let i = 0; i < 50 && read().length < 2; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.deepEqual(read()[1], ["udp://127.0.0.54:53", "udp://[::1]:53"]);
  await Deno.remove(path);
});

function good(query: OddQuery): void {
  query.send(replyTo(query.message));
}

/** The first letter of the name in the other case. */
function otherCase(message: Uint8Array): Uint8Array {
  return message.with(13, message[13]! ^ 0x20);
}

/** The good reply with a TXT record in its additional section that fills 65,535 octets. */
function large(query: Uint8Array): Uint8Array {
  const reply = replyTo(query);
  const data = 65_535 - reply.length - 12;
  const record = [0xc0, 12, 0, 99, 0, 1, 0, 0, 0, 60, data >> 8, data & 0xff];
  return Uint8Array.from([...reply.with(11, 1), ...record, ...new Uint8Array(data)]);
}
