import assert from "node:assert/strict";
import fc from "fast-check";

import { type ErrorCode, isSignetError } from "signet/base/mod.ts";
import {
  formatWorkloadIdentity,
  MAX_SPIFFE_ID_BYTES,
  parseSpiffeId,
  parseTrustDomain,
  parseWorkloadIdentity,
  sanitizeTrustDomain,
} from "signet/spiffe/mod.ts";

Deno.test("parseSpiffeId() reads what the SPIFFE standard allows", async (t) => {
  const table: readonly (readonly [string, string, readonly string[]])[] = [
    ["spiffe://example.org", "example.org", []],
    ["spiffe://example.org/web", "example.org", ["web"]],
    ["spiffe://a_b-c.1/Ns/x.y/_/-", "a_b-c.1", ["Ns", "x.y", "_", "-"]],
    ["spiffe://cluster.local/ns/a/sa/b", "cluster.local", ["ns", "a", "sa", "b"]],
    ["spiffe://td/...", "td", ["..."]],
  ];
  for (const [text, trustDomain, segments] of table) {
    await t.step(
      text,
      () => assert.deepEqual(parseSpiffeId(text), { id: text, trustDomain, segments }),
    );
  }
});

Deno.test("parseSpiffeId() refuses everything else, by code", async (t) => {
  const table: readonly (readonly [string, ErrorCode])[] = [
    ["", "spiffe.bad_id"],
    ["http://example.org/web", "spiffe.bad_id"],
    ["SPIFFE://example.org/web", "spiffe.bad_id"],
    ["spiffe:/example.org/web", "spiffe.bad_id"],
    ["spiffe://", "spiffe.bad_trust_domain"],
    ["spiffe:///web", "spiffe.bad_trust_domain"],
    ["spiffe://Example.org/web", "spiffe.bad_trust_domain"],
    ["spiffe://example.org:443/web", "spiffe.bad_trust_domain"],
    ["spiffe://me@example.org/web", "spiffe.bad_trust_domain"],
    ["spiffe://exämple.org/web", "spiffe.bad_trust_domain"],
    [`spiffe://${"a".repeat(256)}/web`, "spiffe.bad_trust_domain"],
    ["spiffe://example.org/", "spiffe.bad_id"],
    ["spiffe://example.org/web/", "spiffe.bad_id"],
    ["spiffe://example.org//web", "spiffe.bad_id"],
    ["spiffe://example.org/.", "spiffe.bad_id"],
    ["spiffe://example.org/a/../b", "spiffe.bad_id"],
    ["spiffe://example.org/a%2fb", "spiffe.bad_id"],
    ["spiffe://example.org/web?x=y", "spiffe.bad_id"],
    ["spiffe://example.org/web#x", "spiffe.bad_id"],
    ["spiffe://example.org/web\n", "spiffe.bad_id"],
    [`spiffe://example.org/${"a".repeat(MAX_SPIFFE_ID_BYTES)}`, "spiffe.bad_id"],
  ];
  for (const [text, code] of table) {
    await t.step(JSON.stringify(text.slice(0, 60)), () => {
      assert.throws(() => parseSpiffeId(text), (thrown) => isSignetError(thrown, code));
    });
  }
});

Deno.test("parseTrustDomain() takes 255 characters and no more", () => {
  assert.equal(parseTrustDomain("a".repeat(255)).length, 255);
  assert.throws(
    () => parseTrustDomain("a".repeat(256)),
    (thrown) => isSignetError(thrown, "spiffe.bad_trust_domain"),
  );
});

Deno.test("sanitizeTrustDomain() writes every @ as a dot", () => {
  assert.equal(sanitizeTrustDomain("a@b@project.iam"), "a.b.project.iam");
});

Deno.test("parseWorkloadIdentity() wants exactly istiod's five parts, of which two may be empty", async (t) => {
  const accepted = [
    "spiffe://cluster.local/ns/shop/sa/web",
    "spiffe://cluster.local/ns//sa/",
    "spiffe://td/ns/a b/sa/c:d",
  ];
  for (const text of accepted) {
    await t.step(text, () => {
      const { trustDomain, namespace, serviceAccount } = parseWorkloadIdentity(text);
      assert.equal(`spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`, text);
    });
  }
  const refused = [
    "",
    "cluster.local/ns/shop/sa/web",
    "spiffe://cluster.local",
    "spiffe://cluster.local/ns/shop/sa",
    "spiffe://cluster.local/ns/shop/sa/web/",
    "spiffe://cluster.local/ns/shop/sa/web/more",
    "spiffe://cluster.local/sa/web/ns/shop",
    "spiffe://cluster.local/NS/shop/sa/web",
  ];
  for (const text of refused) {
    await t.step(`not ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseWorkloadIdentity(text),
        (thrown) => isSignetError(thrown, "spiffe.bad_id"),
      );
    });
  }
});

Deno.test("formatWorkloadIdentity() writes what parseWorkloadIdentity() reads, and nothing malformed", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (trustDomain, namespace, serviceAccount) => {
      const parts = { trustDomain, namespace, serviceAccount };
      let text: string;
      try {
        text = formatWorkloadIdentity(parts);
      } catch (thrown) {
        assert.ok(isSignetError(thrown), String(thrown));
        return;
      }
      assert.deepEqual(parseWorkloadIdentity(text), parts);
    }),
  );
  for (
    const hostile of [
      { trustDomain: "td", namespace: "a/sa/b", serviceAccount: "c" },
      { trustDomain: "td/ns", namespace: "a", serviceAccount: "c" },
    ]
  ) {
    assert.throws(
      () => formatWorkloadIdentity(hostile),
      (thrown) => isSignetError(thrown, "spiffe.bad_id"),
    );
  }
  const empty = { trustDomain: "td", namespace: "", serviceAccount: "c" };
  assert.throws(
    () => formatWorkloadIdentity(empty),
    (thrown) => isSignetError(thrown, "spiffe.bad_id"),
  );
});
