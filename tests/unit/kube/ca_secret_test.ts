/** The Secret of a self-signed CA, in the forms in which istiod leaves it. */
import assert from "node:assert/strict";
import { CA_SECRET, fingerprintOf, newSecret, setOfSecret } from "../../../lib/kube/ca_secret.ts";

const SET = {
  caCertPem: "CERT\n",
  caKeyPem: "KEY\n",
  rootCertPem: "CERT\nOLD\n",
  certChainPem: "",
};
const WHERE = "Secret a/b";

function secret(data: Readonly<Record<string, string>>, type = "istio.io/ca-root") {
  const encoded = Object.entries(data).map(([name, text]) => [name, btoa(text)]);
  return { type, data: Object.fromEntries(encoded) };
}

Deno.test("newSecret() has istiod's type and keys, and the mark in cacerts alone", () => {
  const own = newSecret(SET, CA_SECRET.own, "a") as { type: string; data: Record<string, string> };
  assert.equal(own.type, "istio.io/ca-root");
  assert.deepEqual(Object.keys(own.data), [
    ...["ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem", "key.pem"],
  ]);
  assert.deepEqual(setOfSecret(own, WHERE), SET);
  const cacerts = newSecret(SET, CA_SECRET.cacerts, "a") as typeof own;
  assert.equal(cacerts.data["istio-generated"], "");
});

Deno.test("setOfSecret() takes the certificate for the root where the roots are stale or empty", () => {
  for (const roots of ["", "OLD\n"]) {
    const found = setOfSecret(
      secret({ "ca-cert.pem": "CERT\n", "ca-key.pem": "KEY\n", "root-cert.pem": roots }),
      WHERE,
    );
    assert.equal(found?.rootCertPem, "CERT\n");
  }
});

Deno.test("setOfSecret() leaves what is plugged in alone, and refuses what is broken", () => {
  const whole = { "ca-cert.pem": "CERT\n", "ca-key.pem": "KEY\n" };
  assert.equal(setOfSecret(secret(whole, "Opaque"), WHERE), undefined);
  assert.ok(setOfSecret(secret({ ...whole, "istio-generated": "" }, "Opaque"), WHERE));
  assert.throws(() => setOfSecret(secret({ "ca-cert.pem": "CERT" }), WHERE), {
    code: "store.incomplete",
    message: /^Cannot use Secret a\/b: it has no ca-key\.pem/,
  });
  const broken = { type: "istio.io/ca-root", data: { "ca-cert.pem": "%" } };
  assert.throws(() => setOfSecret(broken, WHERE), { code: "store.corrupt" });
  assert.throws(() => setOfSecret({ type: "istio.io/ca-root" }, WHERE), {
    code: "store.incomplete",
  });
});

Deno.test("newSecret() refuses a rotation that is under way; fingerprints hold no key", () => {
  const rotation = { phase: "announced", startedMs: 0, dueMs: 0 } as const;
  assert.throws(() => newSecret({ ...SET, rotation }, "a", "b"), { code: "store.refused" });
  const print = fingerprintOf(newSecret(SET, "a", "b"));
  assert.ok(!print.includes(btoa(SET.caKeyPem)));
  assert.notEqual(print, fingerprintOf(newSecret({ ...SET, rootCertPem: "X" }, "a", "b")));
});
