/** Messages as people read them, and the client's query. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { isSignetError } from "signet/base/mod.ts";
import {
  dataText,
  decodeMessage,
  decodeQuery,
  flagNames,
  readEdns,
  statusOf,
  TYPE,
} from "../../../lib/dns/message/mod.ts";
import { encodeDotQuery } from "../../../lib/dns/client.ts";
import { message, opt, option, question, wireName } from "../../support/dns_messages.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));

Deno.test("dataText() writes data in presentation format, and whatever is not of its type's shape as counted hex", async (t) => {
  const rows: readonly (readonly [keyof typeof TYPE | number, string, string])[] = [
    ["A", "c0000201", "192.0.2.1"],
    ["A", "c00002", String.raw`\# 3 c00002`],
    ["AAAA", "20010db8000000000000000000000001", "2001:db8::1"],
    ["AAAA", "c0000201", String.raw`\# 4 c0000201`],
    ["CNAME", "0161 00", "a."],
    ["CNAME", "0161 00 00", String.raw`\# 4 01610000`],
    ["NS", "00", "."],
    ["PTR", "03 612e62 00", String.raw`a\.b.`],
    ["MX", "000a 0161 00", "10 a."],
    ["MX", "00", String.raw`\# 1 00`],
    ["SRV", "0000 0064 0050 0161 00", "0 100 80 a."],
    ["SRV", "0000 0064 0050 c00c", String.raw`\# 8 000000640050c00c`],
    ["TXT", "03 612062 02 225c", String.raw`"a b" "\"\\"`],
    ["TXT", "02 1b5b", String.raw`"\027["`],
    ["TXT", "05 61", String.raw`\# 2 0561`],
    ["TXT", "", String.raw`\# 0`],
    ["SOA", `00 00 ${"00000001".repeat(4)} ffffffff`, ". . 1 1 1 1 4294967295"],
    ["SOA", "00 00", String.raw`\# 2 0000`],
    [65_280, "0102", String.raw`\# 2 0102`],
  ];
  for (const [type, data, expected] of rows) {
    await t.step(`${type} ${data}`, () => {
      const number = typeof type === "number" ? type : TYPE[type];
      assert.equal(dataText({ type: number, data: hex(data) }), expected);
    });
  }
});

Deno.test("dataText() gives one line of printable ASCII for any octets of any type", () => {
  const types = fc.oneof(fc.constantFrom(...Object.values(TYPE)), fc.nat(0xffff));
  fc.assert(fc.property(types, fc.uint8Array({ maxLength: 80 }), (type, data) => {
    assert.match(dataText({ type, data }), /^[\x20-\x7e]+$/);
  }));
});

Deno.test("readEdns() and statusOf() read an OPT record, extended code included", () => {
  const options = Uint8Array.from([
    ...option(15, 0, 18, ...new TextEncoder().encode("no\u001b")),
    ...option(15, 0x12, 0x34),
    ...option(11, 1, 0x2c),
    ...option(10, 1, 2),
    ...option(12, 0, 0, 0),
  ]);
  const bytes = message(
    { flags: 0x8580, counts: [1, 0, 0, 1] },
    question(wireName("a")),
    opt(options, { flags: 0x8000 }),
  );
  bytes[bytes.length - options.length - 6] = 1;
  const decoded = decodeMessage(bytes);
  assert.equal(statusOf(decoded), "BADVERS");
  assert.deepEqual(flagNames(decoded.flags), ["qr", "aa", "rd", "ra"]);
  assert.deepEqual(readEdns(decoded), {
    version: 0,
    payloadBytes: 1232,
    dnssecOk: true,
    paddingBytes: 3,
    keepaliveMs: 30_000,
    extendedErrors: [
      { code: 18, name: "Prohibited", text: String.raw`no\027` },
      { code: 0x1234, name: "INFO-CODE 4660", text: "" },
    ],
    otherOptions: [10],
  });
});

Deno.test("readEdns() refuses options that do not fill the record", () => {
  for (const data of ["000f", "000f0003 0012", "000a0000 00"]) {
    const bytes = message({ counts: [1, 0, 0, 1] }, question(wireName("a")), opt(hex(data)));
    assert.throws(() => readEdns(decodeMessage(bytes)), (thrown: unknown) => {
      return isSignetError(thrown, "dns.bad_message");
    }, data);
  }
  assert.equal(readEdns(decodeMessage(message({}, question(wireName("a"))))), undefined);
});

Deno.test("encodeDotQuery() pads to 128 octets whatever the name's length, and asks for padding and keepalive", () => {
  for (let labels = 0; labels < 60; labels++) {
    const name = Array.from({ length: labels }, () => "abc").join(".");
    const framed = encodeDotQuery({ name, type: TYPE.AAAA, dnssecOk: true }, 0xbeef);
    assert.equal((framed.length - 2) % 128, 0, name);
    assert.equal(framed[0]! << 8 | framed[1]!, framed.length - 2);
    const decoded = decodeQuery(framed.subarray(2));
    assert.ok(decoded.kind === "query");
    const { id, edns, name: key, type } = decoded.query;
    assert.deepEqual([id, key, type], [0xbeef, name, TYPE.AAAA]);
    assert.deepEqual(edns, { dnssecOk: true, padding: true, keepalive: true });
  }
});
