import assert from "node:assert/strict";
import {
  AUTH_SOURCE,
  authenticate,
  type Authenticator,
  type AuthResult,
  clientCertificateAuthenticator,
  type Credentials,
} from "signet/authn/mod.ts";

const NOBODY: Credentials = {
  remoteAddress: "127.0.0.1:1",
  secure: true,
  peer: undefined,
  headerValues: () => [],
};

function says(type: string, result: AuthResult): Authenticator {
  return { type, authenticate: () => result };
}

function accepts(type: string, identities: string[]): Authenticator {
  return says(type, { ok: true, caller: { authSource: AUTH_SOURCE.idToken, identities } });
}

Deno.test("authenticate() takes the first that accepts with at least one identity", async () => {
  const outcome = await authenticate(
    [
      says("A", { ok: false, reason: "no" }),
      accepts("B", []),
      accepts("C", ["c"]),
      accepts("D", ["d"]),
    ],
    NOBODY,
  );
  assert(outcome.ok);
  assert.deepEqual(outcome.caller.identities, ["c"]);
});

Deno.test("authenticate() names every refusal for the log", async () => {
  const outcome = await authenticate(
    [says("A", { ok: false, reason: "no a" }), accepts("B", [])],
    NOBODY,
  );
  assert(!outcome.ok);
  assert.equal(outcome.reason, "Authenticator A: no a; Authenticator B: no identity");
});

Deno.test("authenticate() refuses everyone when no authenticator is configured", async () => {
  assert.equal((await authenticate([], NOBODY)).ok, false);
});

Deno.test("clientCertificateAuthenticator() gives the certificate's names or a reason", async (t) => {
  const id = "spiffe://cluster.local/ns/a/sa/b";
  const rows: readonly (readonly [string, Partial<Credentials>, string | readonly string[]])[] = [
    ["plaintext", { secure: false }, 'unsupported auth type: "insecure"'],
    ["no certificate", {}, "no client certificate is presented"],
    ["no names", { peer: { identities: [], otherNames: [] } }, "the SAN extension does not exist"],
    ["one URI", { peer: { identities: [id], otherNames: [] } }, [id]],
    ["URI and DNS", { peer: { identities: [id, "a.b"], otherNames: [] } }, [id, "a.b"]],
    [
      "an e-mail beside",
      { peer: { identities: [id], otherNames: ["email"] } },
      "the SAN extension holds names of a kind that cannot be issued: email",
    ],
  ];
  for (const [name, credentials, expected] of rows) {
    await t.step(name, async () => {
      const result = await clientCertificateAuthenticator().authenticate({
        ...NOBODY,
        ...credentials,
      });
      if (typeof expected === "string") assert.deepEqual(result, { ok: false, reason: expected });
      else assert.deepEqual(result.ok && result.caller, { authSource: 0, identities: expected });
    });
  }
});
