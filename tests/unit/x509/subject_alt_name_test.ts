import assert from "node:assert/strict";
import fc from "fast-check";

import { isSignetError } from "signet/base/mod.ts";
import {
  decodeSubjectAltNames,
  encodeSubjectAltNames,
  formatIpAddress,
  parseIpAddress,
} from "signet/x509/mod.ts";
import { assertBitFlipsCalm, assertTruncationsRefused } from "../../support/mutations.ts";
import { SubjectAlternativeNameExtension } from "../../support/peculiar.ts";
import { readCertificate } from "../../support/x509_vectors.ts";

Deno.test("encodeSubjectAltNames() picks the kind as istiod does and keeps the order", () => {
  const encoded = encodeSubjectAltNames([
    "spiffe://cluster.local/ns/shop/sa/web",
    "istiod.istio-system.svc",
    "10.1.2.3",
    "::ffff:10.1.2.4",
    "2001:db8::1",
    "https://example.com",
    "localhost",
  ]);
  const names = decodeSubjectAltNames(encoded);
  assert.deepEqual(names.map(({ type, value, raw }) => `${type} ${value} ${raw.length}`), [
    "uri spiffe://cluster.local/ns/shop/sa/web 37",
    "dns istiod.istio-system.svc 23",
    "ip 10.1.2.3 4",
    "ip 10.1.2.4 4",
    "ip 2001:db8::1 16",
    "dns https://example.com 19",
    "dns localhost 9",
  ]);
});

Deno.test("encodeSubjectAltNames() writes what @peculiar/x509 writes", () => {
  const foreign = new SubjectAlternativeNameExtension([
    { type: "url", value: "spiffe://cluster.local/ns/shop/sa/web" },
    { type: "dns", value: "web.shop.svc" },
    { type: "ip", value: "10.1.2.3" },
  ]);
  const own = encodeSubjectAltNames([
    "spiffe://cluster.local/ns/shop/sa/web",
    "web.shop.svc",
    "10.1.2.3",
  ]);
  assert.equal(own.toHex(), new Uint8Array(foreign.value).toHex());
});

Deno.test("encodeSubjectAltNames() refuses names that no certificate may hold", async (t) => {
  const table: readonly (readonly string[])[] = [
    [],
    [""],
    ["a", ""],
    ["a,b"],
    ["spiffe://cluster.local/ns/a/sa/b,spiffe://cluster.local/ns/kube-system/sa/root"],
    ["spiffe://clüster.local/ns/a/sa/b"],
    ["a b"],
    ["a\nb"],
    ["a\u0000.example"],
    ["\u007f"],
    ["名前"],
  ];
  for (const names of table) {
    await t.step(JSON.stringify(names), () => {
      assert.throws(
        () => encodeSubjectAltNames(names),
        (thrown) => isSignetError(thrown, "x509.bad_name"),
      );
    });
  }
});

Deno.test("decodeSubjectAltNames() reads every kind that openssl writes", () => {
  const { subjectAltNames } = readCertificate("all_names");
  assert.deepEqual(subjectAltNames.map(({ type }) => type), [
    "uri",
    "dns",
    "ip",
    "ip",
    "email",
    "registered_id",
    "other_name",
    "directory",
  ]);
  assert.deepEqual(subjectAltNames.slice(0, 5).map(({ value }) => value), [
    "spiffe://cluster.local/ns/shop/sa/web",
    "web.shop.svc",
    "10.1.2.3",
    "2001:db8::1",
    "web@shop.example",
  ]);
});

Deno.test("decodeSubjectAltNames() refuses malformed names", async (t) => {
  const table = {
    "an empty list": "3000",
    "an address of 5 octets": "300787050a00000100",
    "an address of 8 octets, as a constraint has": "300a87080a000001ffffff00",
    "a DNS name beyond ASCII": "3003820180",
    "a constructed DNS name": "3003a20141",
    "an unknown tag": "3003890141",
    "a universal tag": "3003160141",
    "a primitive directory name": "3003840141",
    "bytes after the list": "300382014100",
  };
  for (const [what, hex] of Object.entries(table)) {
    await t.step(what, () => {
      assert.throws(
        () => decodeSubjectAltNames(Uint8Array.fromHex(hex)),
        (thrown) => isSignetError(thrown),
      );
    });
  }
});

Deno.test("names read back as they were written", () => {
  const char = fc.integer({ min: 0x21, max: 0x7e }).filter((code) => code !== 0x2c);
  const name = fc.array(char, { minLength: 1, maxLength: 300 }).map((codes) =>
    String.fromCharCode(...codes)
  )
    .filter((text) => parseIpAddress(text) === undefined);
  fc.assert(fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
    const encoded = encodeSubjectAltNames(names);
    assert.deepEqual(decodeSubjectAltNames(encoded).map(({ value }) => value), names);
  }));
});

Deno.test("decodeSubjectAltNames() refuses truncations and takes bit flips calmly", () => {
  const encoded = encodeSubjectAltNames(["spiffe://a/ns/b/sa/c", "10.0.0.1", "x.example"]);
  assertTruncationsRefused(encoded, decodeSubjectAltNames);
  assertBitFlipsCalm(encoded, decodeSubjectAltNames);
});

Deno.test("parseIpAddress() reads every form of RFC 4291 and formatIpAddress() writes RFC 5952's", async (t) => {
  const table = [
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"],
    ["::ffff:1.2.3.4", "1.2.3.4"],
    ["::FFFF:102:304", "1.2.3.4"],
  ] as const;
  for (const [text, canonical] of table) {
    await t.step(text, () => assert.equal(formatIpAddress(parseIpAddress(text)!), canonical));
  }
});

Deno.test("parseIpAddress() refuses what only looks like an address", async (t) => {
  const table = [
    "",
    ":",
    ":::",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4 ",
    "0x1.2.3.4",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "1:2:3:4::5:6:7:8",
    ":1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:",
    "12345::",
    "g::",
    "fe80::1%eth0",
    "[::1]",
    "::1/128",
    "1.2.3.4::",
    "::1.2.3.4:5",
  ];
  for (const text of table) await t.step(text, () => assert.equal(parseIpAddress(text), undefined));
});

Deno.test("parseIpAddress() reads what formatIpAddress() wrote", () => {
  const octet = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 }));
  const address = fc.oneof(
    fc.array(octet, { minLength: 16, maxLength: 16 }),
    fc.array(octet, { minLength: 4, maxLength: 4 }),
  );
  fc.assert(fc.property(address, (octets) => {
    const text = formatIpAddress(Uint8Array.from(octets))!;
    assert.equal(formatIpAddress(parseIpAddress(text)!), text);
    const parsed = parseIpAddress(text)!;
    if (parsed.length === octets.length) assert.deepEqual([...parsed], octets);
  }));
});
