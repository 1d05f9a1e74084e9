import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import { outOfClusterRules, parseOwnToken } from "../../../lib/authn/own_token.ts";
import { base64Url } from "../../support/id_tokens.ts";

Deno.test("parseOwnToken() reads issuer and first audience, with padding or without", () => {
  for (const aud of [["istio-ca", "x"], "istio-ca"]) {
    const payload = base64Url(JSON.stringify({ iss: "https://a", aud }));
    for (const part of [payload, `${payload}=`, `${payload}==`]) {
      const own = parseOwnToken(`x.${part}.y\n`);
      assert.deepEqual(own, { issuer: "https://a", audience: "istio-ca" });
    }
  }
  assert.deepEqual(parseOwnToken(`.${base64Url("{}")}.`), { issuer: "", audience: "" });
});

Deno.test("parseOwnToken() refuses what is no token and never repeats it", () => {
  for (
    const text of [
      "",
      "secret",
      "a.b",
      "secret.secret.secret.x",
      "a.secret.b",
      `a.${base64Url("[]")}.b`,
    ]
  ) {
    assert.throws(
      () => parseOwnToken(text),
      (thrown) =>
        isSignetError(thrown, "authn.bad_own_token") && !thrown.message.includes("hidden"),
      text,
    );
  }
});

Deno.test("outOfClusterRules() lets variables win over the own token, one by one", () => {
  const own = { issuer: "own", audience: "own-aud" };
  const rows = [
    [{ issuer: "", audience: "" }, undefined, undefined],
    [{ issuer: "", audience: "a" }, undefined, undefined],
    [{ issuer: "", audience: "" }, own, { issuer: "own", audiences: ["own-aud"] }],
    [{ issuer: "i", audience: "" }, own, { issuer: "i", audiences: ["own-aud"] }],
    [{ issuer: "i", audience: "a" }, own, { issuer: "i", audiences: ["a"] }],
    [{ issuer: "i", audience: "" }, undefined, { issuer: "i", audiences: [] }],
  ] as const;
  for (const [configured, token, expected] of rows) {
    assert.deepEqual(outOfClusterRules(configured, token), expected);
  }
});
