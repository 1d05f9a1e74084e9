/** Client certificates of each bad kind, and what is remembered of good ones. */
import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import { createPeerVerifier, type PeerVerifierOptions, type TrustedRoots } from "signet/tls/mod.ts";
import type { Certificate } from "signet/x509/mod.ts";
import { verifyWithNode } from "../../support/test_keys.ts";
import { readCertificate, readVectorDer } from "../../support/x509_vectors.ts";

const NOW = Date.parse("2026-06-01T00:00:00Z");
const ID = "spiffe://cluster.local/ns/shop/sa/web";

interface World {
  roots: TrustedRoots;
  trustDomain: string;
  nowMs: number;
  checks: number;
}

function world(...roots: string[]): World & PeerVerifierOptionsOf {
  const state: World = {
    roots: { generation: 1, certificates: roots.map(readCertificate) },
    trustDomain: "cluster.local",
    nowMs: NOW,
    checks: 0,
  };
  const options: PeerVerifierOptions = {
    roots: () => state.roots,
    trustDomain: () => state.trustDomain,
    nowMs: () => state.nowMs,
    verifySignature: (...signed) => {
      state.checks++;
      return verifyWithNode(...signed);
    },
  };
  return Object.assign(state, { options });
}

interface PeerVerifierOptionsOf {
  readonly options: PeerVerifierOptions;
}

function chainOf(...names: string[]): readonly Uint8Array[] {
  return names.map((name) => readVectorDer(`chain/${name}.pem`));
}

/** Each is good but for what its name says. The reasons are what an operator reads. */
const BAD: Readonly<Record<string, readonly [chain: readonly string[], reason: RegExp]>> = {
  "another CA of the same name": [["impostor"], /not signed by the key of "O=cluster\.local"/],
  "another CA of the same name, sent along": [
    ["impostor", "impostor_root"],
    /not signed by the key of/,
  ],
  "expired": [["expired"], /has expired at 2021-01-01T00:00:00\.000Z, now is 2026-06-01/],
  "not yet valid": [["not_yet_valid"], /is valid from 2035-01-01T00:00:00\.000Z/],
  "no SAN": [["no_san"], /does not contain 1 URI type SAN, detected 0/],
  "no URI": [["no_uri"], /does not contain 1 URI type SAN, detected 0/],
  "two URIs": [["two_uris"], /does not contain 1 URI type SAN, detected 2/],
  "another trust domain": [["other_trust_domain"], /no cert pool found for trust domain elsewhere/],
  "a SPIFFE ID of another shape": [["other_shape"], /ns\/<ns>|ns\/|workload/],
  "not for clients": [["server_only"], /is not for 1\.3\.6\.1\.5\.5\.7\.3\.2/],
  "signed with SHA-1": [["sha1"], /algorithm that is not accepted/],
  "an extension that must not be ignored": [
    ["unknown_critical"],
    /must not be ignored: 1\.2\.3\.4/,
  ],
  "its intermediate left out": [
    ["below"],
    /issuer "O=cluster\.local, ?CN=intermediate" is unknown|is unknown/,
  ],
  "an intermediate that is no CA": [["below_not_a_ca", "not_a_ca"], /is not a CA/],
  "an intermediate that may not sign": [
    ["below_may_not_sign", "may_not_sign"],
    /may not sign certificates/,
  ],
  "an intermediate that has expired": [["below_expired_ca", "expired_ca"], /has expired/],
  "an intermediate with name constraints": [
    ["below_constrained", "constrained"],
    /must not be ignored/,
  ],
  "an intermediate for clients alone": [
    ["below_client_ca", "client_ca"],
    /is not for 1\.3\.6\.1\.5\.5\.7\.3\.1/,
  ],
  "a path longer than allowed": [
    ["too_long", "second_below_path", "path_length_0"],
    /allows 0 intermediates below it/,
  ],
  "the root itself": [["root"], /CA's, should be a leaf/],
  "an intermediate itself": [["intermediate"], /CA's, should be a leaf/],
};

Deno.test("createPeerVerifier() refuses each bad kind of client certificate, and says why", async (t) => {
  for (const [name, [chain, reason]] of Object.entries(BAD)) {
    await t.step(name, async () => {
      const { options } = world("root");
      const verifier = createPeerVerifier(options);
      await assert.rejects(verifier.verify(chainOf(...chain), "key"), (thrown) => {
        assert.ok(isSignetError(thrown, "tls.peer_refused"), String(thrown));
        assert.match(thrown.message, /^Cannot accept client certificate: /);
        assert.match(thrown.message, reason);
        assert.doesNotMatch(thrown.message, /\n/);
        return true;
      });
      assert.equal(verifier.remembered("key", NOW), undefined);
    });
  }
});

Deno.test("createPeerVerifier() refuses chains that are too short, too long, or no certificates", async (t) => {
  const { options } = world("root");
  const verifier = createPeerVerifier(options);
  const good = chainOf("good")[0]!;
  const rows: Readonly<Record<string, readonly Uint8Array[]>> = {
    "none": [],
    "eleven": Array.from({ length: 11 }, () => good),
    "an empty one": [new Uint8Array()],
    "half of one": [good.slice(0, good.length / 2)],
    "bytes after it": [Uint8Array.of(...good, 0)],
    "a good one and rubbish": [good, Uint8Array.of(1, 2, 3)],
  };
  for (const [name, chain] of Object.entries(rows)) {
    await t.step(name, async () => {
      await assert.rejects(
        verifier.verify(chain, "key"),
        (thrown) => isSignetError(thrown, "tls.peer_refused"),
      );
    });
  }
});

Deno.test("createPeerVerifier() gives the names of a good certificate and the chain's first end", async (t) => {
  const { options } = world("root");
  const verifier = createPeerVerifier(options);
  const rows: readonly (readonly [readonly string[], readonly string[], readonly string[]])[] = [
    [["good"], [ID], []],
    [["good", "root"], [ID], []],
    [["below", "intermediate"], [ID], []],
    [["below_deeper", "deeper", "intermediate"], [ID], []],
    [["below_deeper", "intermediate", "good", "deeper"], [ID], []],
  ];
  for (const [chain, identities, otherNames] of rows) {
    await t.step(chain.join(", "), async () => {
      const client = await verifier.verify(chainOf(...chain), chain.join());
      assert.deepEqual(client.identities, identities);
      assert.deepEqual(client.otherNames, otherNames);
      assert.equal(client.notAfterMs, Date.parse("2036-01-01T00:00:00Z"));
    });
  }
});

Deno.test("createPeerVerifier() tells of names that cannot be issued again", async () => {
  const { options } = world("root");
  const client = await createPeerVerifier(options).verify(chainOf("all_names"), "key");
  assert.deepEqual(client.identities, [ID, "web.shop.svc", "10.1.2.3", "2001:db8::1"]);
  assert.equal(client.otherNames.length, 4);
});

/** The vector with other octets in place of one of its names; the test's own signature check does not mind. */
function withDnsName(name: string): Uint8Array {
  const der = readVectorDer("chain/all_names.pem").slice();
  const at = new TextDecoder("latin1").decode(der).indexOf("web.shop.svc");
  assert.equal(name.length, "web.shop.svc".length);
  der.set(new TextEncoder().encode(name), at);
  return der;
}

Deno.test("createPeerVerifier() does not take the text of a DNS name for a SPIFFE ID or an address", async () => {
  const { options } = world("root");
  const verifier = createPeerVerifier({ ...options, verifySignature: () => true });
  for (const [at, name] of ["spiffe://a/b", "203.0.113.10", "2001:db8::12"].entries()) {
    const client = await verifier.verify([withDnsName(name)], String(at));
    assert.deepEqual(client.identities, [ID, "10.1.2.3", "2001:db8::1"], name);
    assert.ok(client.otherNames.includes("dns"), name);
  }
});

Deno.test("createPeerVerifier() verifies clients of roots of every kind of key", async (t) => {
  for (const kind of ["p384", "p521", "rsa2048", "ed25519"]) {
    await t.step(kind, async () => {
      const { options } = world("root", `root_${kind}`);
      const client = await createPeerVerifier(options).verify(chainOf(`leaf_${kind}`), kind);
      assert.deepEqual(client.identities, [ID]);
    });
  }
});

Deno.test("A remembered client is answered for without another look at signatures", async () => {
  const it = world("root");
  const verifier = createPeerVerifier(it.options);
  assert.equal(verifier.remembered("a", NOW), undefined);
  const client = await verifier.verify(chainOf("good"), "a");
  const { checks } = it;
  assert.equal(verifier.remembered("a", NOW), client);
  assert.equal(verifier.remembered("b", NOW), undefined);
  assert.equal(it.checks, checks);
});

Deno.test("A resumed session does not outlive its root: a withdrawn one is forgotten and refused", async () => {
  const it = world("root");
  const verifier = createPeerVerifier(it.options);
  await verifier.verify(chainOf("good"), "ticket");
  it.roots = { generation: 2, certificates: [readCertificate("root_p384")] };
  assert.equal(verifier.remembered("ticket", NOW), undefined);
  await assert.rejects(
    verifier.verify(chainOf("good"), "ticket"),
    (thrown) => isSignetError(thrown, "tls.peer_refused"),
  );
  // The root comes back: nothing of before counts, the chain is checked anew.
  it.roots = { generation: 3, certificates: [readCertificate("root")] };
  assert.equal(verifier.remembered("ticket", NOW), undefined);
  await verifier.verify(chainOf("good"), "ticket");
  assert.ok(verifier.remembered("ticket", NOW));
});

Deno.test("A remembered client is forgotten when roots change, even if its own root stays", async () => {
  const it = world("root");
  const verifier = createPeerVerifier(it.options);
  await verifier.verify(chainOf("good"), "ticket");
  it.roots = { ...it.roots, generation: 2 };
  assert.equal(verifier.remembered("ticket", NOW), undefined);
});

Deno.test("A client that stays is good until its root is withdrawn, the trust domain changes, or its time is over", async () => {
  const it = world("root");
  const verifier = createPeerVerifier(it.options);
  const client = await verifier.verify(chainOf("good"), "connection");
  assert.equal(verifier.standing(client), "good");
  it.roots = { generation: 2, certificates: ["root_p384", "root"].map(readCertificate) };
  assert.equal(verifier.standing(client), "good", "its root is still among them");
  it.nowMs = client.notAfterMs;
  assert.equal(verifier.standing(client), "good");
  it.nowMs = client.notAfterMs + 1;
  assert.equal(verifier.standing(client), "over");
  it.nowMs = NOW;
  // A root of the same name with another key is another root.
  it.roots = { generation: 3, certificates: [readCertificate("impostor_root")] };
  assert.equal(verifier.standing(client), "withdrawn");
  it.roots = { generation: 4, certificates: [readCertificate("root")] };
  assert.equal(verifier.standing(client), "good");
  it.trustDomain = "elsewhere";
  assert.equal(verifier.standing(client), "withdrawn");
});

Deno.test("A client that another verifier let in is none of this one's", async () => {
  const it = world("root");
  const client = await createPeerVerifier(it.options).verify(chainOf("good"), "x");
  assert.equal(createPeerVerifier(it.options).standing(client), "withdrawn");
});

Deno.test("A remembered client is forgotten when the mesh's trust domain changes", async () => {
  const it = world("root");
  const verifier = createPeerVerifier(it.options);
  await verifier.verify(chainOf("good"), "ticket");
  it.trustDomain = "elsewhere";
  assert.equal(verifier.remembered("ticket", NOW), undefined);
  await assert.rejects(
    verifier.verify(chainOf("good"), "ticket"),
    (thrown) => isSignetError(thrown, "tls.peer_refused"),
  );
  const other = await verifier.verify(chainOf("other_trust_domain"), "other");
  assert.deepEqual(other.identities, ["spiffe://elsewhere/ns/shop/sa/web"]);
});

Deno.test("A remembered client is forgotten outside of the chain's validity, in both directions", async () => {
  const it = world("root");
  const verifier = createPeerVerifier(it.options);
  const { notAfterMs } = await verifier.verify(chainOf("good"), "ticket");
  const notBeforeMs = Date.parse("2026-01-01T00:00:00Z");
  for (const nowMs of [notBeforeMs, NOW, notAfterMs]) {
    assert.ok(verifier.remembered("ticket", nowMs), new Date(nowMs).toISOString());
  }
  assert.equal(verifier.remembered("ticket", notAfterMs + 1), undefined);
  // Once forgotten it has to be verified again, also when the clock is set back.
  assert.equal(verifier.remembered("ticket", NOW), undefined);
  await verifier.verify(chainOf("good"), "ticket");
  assert.equal(verifier.remembered("ticket", notBeforeMs - 1), undefined);
});

Deno.test("Roots that change during a check do not let its result count for the new ones", async () => {
  const it = world("root");
  const { promise, resolve } = Promise.withResolvers<void>();
  const verifier = createPeerVerifier({
    ...it.options,
    verifySignature: async (...signed) => {
      await promise;
      return await verifyWithNode(...signed);
    },
  });
  const checking = verifier.verify(chainOf("good"), "ticket");
  it.roots = { generation: 2, certificates: [] };
  resolve();
  await checking;
  assert.equal(verifier.remembered("ticket", NOW), undefined);
});

Deno.test("createPeerVerifier() remembers a bounded number of clients, the latest", async () => {
  const it = world("root");
  const verifier = createPeerVerifier({ ...it.options, verifySignature: () => true });
  const chain = chainOf("good");
  for (let n = 0; n < 4097; n++) await verifier.verify(chain, `client ${n}`);
  assert.equal(verifier.remembered("client 0", NOW), undefined);
  assert.ok(verifier.remembered("client 1", NOW));
  assert.ok(verifier.remembered("client 4096", NOW));
});

Deno.test("createPeerVerifier() bounds the signatures that one chain makes it check", async () => {
  const it = world("root");
  let checks = 0;
  const verifier = createPeerVerifier({
    ...it.options,
    verifySignature: () => {
      checks++;
      return false;
    },
  });
  // Ten certificates, most of one name, each a candidate for the issuer of the others.
  const chain = chainOf("below_deeper", ...Array.from({ length: 9 }, () => "deeper"));
  await assert.rejects(verifier.verify(chain, "x"), (thrown) => isSignetError(thrown));
  assert.ok(checks <= 64, `${checks} signatures were checked`);
});

Deno.test("createPeerVerifier() passes on what is no refusal: a bug is not the client's fault", async () => {
  const it = world("root");
  const verifier = createPeerVerifier({
    ...it.options,
    verifySignature: () => {
      throw new TypeError("a bug");
    },
  });
  await assert.rejects(verifier.verify(chainOf("good"), "x"), TypeError);
});

Deno.test("createPeerVerifier() with no root trusts nobody", async () => {
  const it = world();
  const none: readonly Certificate[] = [];
  it.roots = { generation: 1, certificates: none };
  await assert.rejects(
    createPeerVerifier(it.options).verify(chainOf("good", "root"), "x"),
    (thrown) => isSignetError(thrown, "tls.peer_refused"),
  );
});
