import assert from "node:assert/strict";

import { type ErrorCode, isSignetError, SignetError } from "signet/base/mod.ts";
import {
  buildCaCertificate,
  type Certificate,
  type ChainOptions,
  decodeCertificate,
  encodeCertificate,
  EXT_KEY_USAGE,
  organizationName,
  verifyChain,
} from "signet/x509/mod.ts";
import { makeTestKey, verifyWithNode } from "../../support/test_keys.ts";
import { readCertificate } from "../../support/x509_vectors.ts";

const NOW = Date.parse("2026-06-01T00:00:00Z");

function options(
  leaf: string,
  intermediates: readonly string[],
  more: Partial<ChainOptions> = {},
): ChainOptions {
  return {
    leaf: readCertificate(leaf),
    intermediates: intermediates.map(readCertificate),
    roots: [readCertificate("root")],
    nowMs: NOW,
    verifySignature: verifyWithNode,
    ...more,
  };
}

Deno.test("verifyChain() finds the chains of openssl's certificates", async (t) => {
  const table: readonly (readonly [string, readonly string[], number])[] = [
    ["good", [], 2],
    ["all_names", [], 2],
    ["root", [], 1],
    ["intermediate", [], 2],
    ["below", ["intermediate"], 3],
    ["below", ["good", "deeper", "intermediate", "root"], 3],
    ["below_deeper", ["deeper", "intermediate"], 4],
    ["below_deeper", ["intermediate", "deeper"], 4],
    ["below_path_length_0", ["path_length_0"], 3],
  ];
  for (const [leaf, intermediates, length] of table) {
    await t.step(`${leaf} over ${intermediates.join(", ") || "nothing"}`, async () => {
      const chain = await verifyChain(options(leaf, intermediates));
      assert.equal(chain.length, length);
    });
  }
});

Deno.test("verifyChain() verifies roots and leaves of every kind of key", async (t) => {
  for (const kind of ["p384", "p521", "rsa2048", "ed25519"]) {
    await t.step(kind, async () => {
      const roots = [readCertificate("root"), readCertificate(`root_${kind}`)];
      assert.equal((await verifyChain(options(`leaf_${kind}`, [], { roots }))).length, 2);
      await assert.rejects(
        verifyChain(options(`leaf_${kind}`, [])),
        (thrown) => isSignetError(thrown, "x509.untrusted"),
      );
    });
  }
});

Deno.test("verifyChain() refuses each bad kind, by code", async (t) => {
  const table: readonly (readonly [string, readonly string[], ErrorCode])[] = [
    ["expired", [], "x509.expired"],
    ["not_yet_valid", [], "x509.not_yet_valid"],
    ["impostor", [], "x509.untrusted"],
    ["impostor", ["impostor_root"], "x509.untrusted"],
    ["below", [], "x509.untrusted"],
    ["below_deeper", ["deeper"], "x509.untrusted"],
    ["below_not_a_ca", ["not_a_ca"], "x509.untrusted"],
    ["below_may_not_sign", ["may_not_sign"], "x509.untrusted"],
    ["below_expired_ca", ["expired_ca"], "x509.expired"],
    ["too_long", ["second_below_path", "path_length_0"], "x509.untrusted"],
    ["unknown_critical", [], "x509.bad_extension"],
    ["below_constrained", ["constrained"], "x509.bad_extension"],
    ["below_client_ca", ["client_ca"], "x509.bad_extension"],
    ["sha1", [], "x509.untrusted"],
  ];
  for (const [leaf, intermediates, code] of table) {
    await t.step(`${leaf} over ${intermediates.join(", ") || "nothing"}`, async () => {
      await assert.rejects(verifyChain(options(leaf, intermediates)), (thrown) => {
        assert.ok(isSignetError(thrown, code), String(thrown));
        return true;
      });
    });
  }
});

Deno.test("verifyChain() asks the chain for one of the purposes, serverAuth by default", async (t) => {
  const { any, clientAuth, serverAuth } = EXT_KEY_USAGE;
  const table:
    readonly (readonly [string, readonly string[], readonly string[] | undefined, boolean])[] = [
      ["server_only", [], undefined, true],
      ["server_only", [], [clientAuth], false],
      ["server_only", [], [clientAuth, serverAuth], true],
      ["below_client_ca", ["client_ca"], [clientAuth], true],
      ["below_client_ca", ["client_ca"], [serverAuth], false],
      ["below_client_ca", ["client_ca"], [any], true],
    ];
  for (const [leaf, intermediates, extKeyUsages, accepted] of table) {
    await t.step(`${leaf} for ${extKeyUsages?.join(" or ") ?? "the default"}`, async () => {
      const more = extKeyUsages === undefined ? {} : { extKeyUsages };
      const verified = verifyChain(options(leaf, intermediates, more));
      if (accepted) await verified;
      else await assert.rejects(verified, (thrown) => isSignetError(thrown, "x509.bad_extension"));
    });
  }
});

Deno.test("verifyChain() counts the second of notAfter and of notBefore as valid, and no other", async (t) => {
  const { notBeforeMs, notAfterMs } = readCertificate("good");
  await t.step("edges", async () => {
    await verifyChain(options("good", [], { nowMs: notBeforeMs }));
    await verifyChain(options("good", [], { nowMs: notAfterMs }));
  });
  const early = verifyChain(options("good", [], { nowMs: notBeforeMs - 1 }));
  await assert.rejects(early, (thrown) => isSignetError(thrown, "x509.not_yet_valid"));
  const late = verifyChain(options("good", [], { nowMs: notAfterMs + 1 }));
  await assert.rejects(late, (thrown) => isSignetError(thrown, "x509.expired"));
});

Deno.test("verifyChain() finds the right one of two roots with one name", async () => {
  const roots = [readCertificate("impostor_root"), readCertificate("root")];
  const chain = await verifyChain(options("good", [], { roots }));
  assert.equal(chain[1], roots[1]);
  await verifyChain(options("impostor", [], { roots }));
});

Deno.test("verifyChain() never trusts an intermediate that calls itself a root", async () => {
  const impostor = options("impostor", ["impostor_root"], { roots: [] });
  await assert.rejects(verifyChain(impostor), (thrown) => isSignetError(thrown, "x509.untrusted"));
});

Deno.test("verifyChain() takes a failing key as untrusted and passes every other error on", async () => {
  const failing = (code: ErrorCode) => () => {
    throw new SignetError(code, "Cannot verify: no");
  };
  const bad = options("good", [], { verifySignature: failing("crypto.bad_key") });
  await assert.rejects(verifyChain(bad), (thrown) => isSignetError(thrown, "x509.untrusted"));
  const bug = options("good", [], {
    verifySignature: () => {
      throw new TypeError("a bug");
    },
  });
  await assert.rejects(verifyChain(bug), TypeError);
});

/** CAs of one name that have all signed one another, as a hostile peer would send them. */
function tangle(count: number): readonly Certificate[] {
  const subject = organizationName("tangle");
  const key = makeTestKey("P-256");
  return Array.from({ length: count }, (_, i) => {
    const { spki } = makeTestKey("P-256").publicKey;
    const tbs = buildCaCertificate({
      subject,
      spki,
      subjectKeyId: Uint8Array.of(i),
      serialNumber: Uint8Array.of(i + 1),
      notBeforeMs: NOW,
      notAfterMs: NOW + 1000,
      signatureScheme: key.scheme,
    });
    return decodeCertificate(encodeCertificate(tbs, key.scheme, key.sign(tbs)));
  });
}

Deno.test("verifyChain() bounds the signature checks of a tangle of CAs that all seem to sign one another", async () => {
  const [leaf, ...intermediates] = tangle(12);
  let checks = 0;
  const verifySignature = () => {
    checks++;
    return true;
  };
  const hostile = options("good", [], {
    leaf: leaf!,
    intermediates,
    verifySignature,
    maxSignatureChecks: 20,
  });
  await assert.rejects(verifyChain(hostile), (thrown) => isSignetError(thrown, "x509.untrusted"));
  assert.equal(checks, 20);
});

Deno.test("verifyChain() bounds the length of a chain", async () => {
  const below = options("below_deeper", ["deeper", "intermediate"]);
  await verifyChain({ ...below, maxDepth: 4 });
  await assert.rejects(
    verifyChain({ ...below, maxDepth: 3 }),
    (thrown) => isSignetError(thrown, "x509.untrusted"),
  );
});
