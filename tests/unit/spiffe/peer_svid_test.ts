import assert from "node:assert/strict";

import { type ErrorCode, isSignetError } from "signet/base/mod.ts";
import { checkPeerSvid } from "signet/spiffe/mod.ts";
import { readCertificate } from "../../support/x509_vectors.ts";

Deno.test("checkPeerSvid() says whose certificate it is", () => {
  for (const name of ["good", "all_names"]) {
    assert.deepEqual(checkPeerSvid(readCertificate(name), "cluster.local"), {
      trustDomain: "cluster.local",
      namespace: "shop",
      serviceAccount: "web",
    });
  }
});

Deno.test("checkPeerSvid() refuses certificates that are not a workload's, in istiod's words", async (t) => {
  const table: readonly (readonly [string, string, ErrorCode, RegExp])[] = [
    [
      "two_uris",
      "cluster.local",
      "spiffe.bad_id",
      /^peer certificate does not contain 1 URI type SAN, detected 2$/,
    ],
    ["no_uri", "cluster.local", "spiffe.bad_id", /detected 0$/],
    ["no_san", "cluster.local", "spiffe.bad_id", /detected 0$/],
    ["other_shape", "cluster.local", "spiffe.bad_id", /should be spiffe:/],
    [
      "other_trust_domain",
      "cluster.local",
      "spiffe.bad_trust_domain",
      /^no cert pool found for trust domain elsewhere$/,
    ],
    ["good", "cluster.loca", "spiffe.bad_trust_domain", /trust domain cluster.local$/],
    ["good", "", "spiffe.bad_trust_domain", /trust domain cluster.local$/],
    ["root", "cluster.local", "x509.bad_extension", /is a CA's/],
    ["may_not_sign", "cluster.local", "x509.bad_extension", /is a CA's/],
  ];
  for (const [name, trustDomain, code, message] of table) {
    await t.step(`${name} for ${trustDomain || "no trust domain"}`, () => {
      assert.throws(
        () => checkPeerSvid(readCertificate(name), trustDomain),
        (thrown) => isSignetError(thrown, code) && message.test(thrown.message),
      );
    });
  }
});
