import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { JWTPayload } from "jose";
import type { Credentials } from "signet/authn/mod.ts";
import { isSignetError } from "signet/base/mod.ts";
import {
  idTokenAuthenticator,
  MAX_IN_FLIGHT,
  MAX_TOKEN_CHARS,
} from "../../../lib/authn/id_token.ts";
import { createIssuer, MAX_KEYS_TRIED } from "../../../lib/authn/issuer.ts";
import { COOLDOWN_MS, REFRESH_AFTER_MS } from "../../../lib/authn/key_cache.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { base64Url, goodClaims, makeIssuerKey, signToken } from "../../support/id_tokens.ts";

const ISSUER = "https://issuer.example/";
const JWKS = "https://issuer.example/keys";
const DISCOVERY = "https://issuer.example/.well-known/openid-configuration";
const NOW_MS = 1_800_000_000_000;
const IDENTITY = "spiffe://cluster.local/ns/ns-a/sa/sa-b";

const KEY = await makeIssuerKey("one");
const SECOND = await makeIssuerKey("two");
const EC = await makeIssuerKey("ec", "ES256");
const STRANGER = await makeIssuerKey("one");

/** An issuer whose documents a test sets, and an authenticator that accepts its tokens. */
function setUp({ discovers = false } = {}) {
  const jwksUri = discovers ? undefined : JWKS;
  const clock = createFakeClock(NOW_MS);
  const documents = new Map<string, unknown>([[JWKS, { keys: [KEY.jwk] }]]);
  const fetched: string[] = [];
  const failures: unknown[] = [];
  const issuer = createIssuer({ issuer: ISSUER, jwksUri }, {
    clock,
    onLoaded: () => {},
    onFailure: (thrown) => void failures.push(thrown),
    documents: {
      async getJson(url) {
        fetched.push(url);
        await Promise.resolve();
        if (!documents.has(url)) throw new TypeError("out of reach");
        return documents.get(url);
      },
    },
  });
  const rules = { issuer: ISSUER, audiences: ["istio-ca", "other-ca"] };
  const authenticator = idTokenAuthenticator(rules, {
    issuer,
    clock,
    trustDomain: () => "cluster.local",
  });
  const ask = (token: string) => authenticator.authenticate(presenting(token));
  return { clock, documents, fetched, failures, issuer, ask };
}

function presenting(token: string): Credentials {
  return {
    remoteAddress: "127.0.0.1:1",
    secure: true,
    peer: undefined,
    headerValues: (name) => name === "authorization" ? [`Bearer ${token}`] : [],
  };
}

function unsigned(header: string, payload: string): string {
  return `${base64Url(header)}.${base64Url(payload)}.`;
}

const CLAIMS = goodClaims(ISSUER, NOW_MS);
const NOW_S = NOW_MS / 1000;

const GOOD: Readonly<Record<string, () => Promise<string>>> = {
  "aud as a list": () => signToken(KEY, { ...CLAIMS, aud: ["x", "other-ca"] }),
  "aud as a text": () => signToken(KEY, { ...CLAIMS, aud: "istio-ca" }),
  "nbf four minutes ahead": () => signToken(KEY, { ...CLAIMS, nbf: NOW_S + 240 }),
  "no kid": () => signToken(KEY, CLAIMS, { kid: undefined }),
  "exp in the next second": () => signToken(KEY, { ...CLAIMS, exp: NOW_S + 1 }),
};

const BAD: Readonly<Record<string, readonly [() => string | Promise<string>, RegExp]>> = {
  "alg none": [
    () => unsigned('{"alg":"none"}', JSON.stringify(CLAIMS)),
    /alg is "none", the issuer's are RS256/,
  ],
  "HS256 with the public key as secret": [() => {
    const signed = `${base64Url('{"alg":"HS256","kid":"one"}')}.${
      base64Url(JSON.stringify(CLAIMS))
    }`;
    const mac = createHmac("sha256", JSON.stringify(KEY.jwk)).update(signed).digest();
    return `${signed}.${base64Url(mac)}`;
  }, /alg is "HS256"/],
  "another key of the same kid": [() => signToken(STRANGER, CLAIMS), /signature is not the key's/],
  "an unknown kid": [() => signToken(SECOND, CLAIMS), /no key of its kid and alg/],
  "another algorithm of a known kid": [
    () => signToken(EC, CLAIMS, { kid: "one" }),
    /alg is "ES256"/,
  ],
  "expired": [() => signToken(KEY, { ...CLAIMS, exp: NOW_S }), /it expired at 2027-/],
  "no exp": [
    () => signToken(KEY, { ...CLAIMS, exp: undefined } as unknown as JWTPayload),
    /exp is missing/,
  ],
  "exp as a text": [
    () => signToken(KEY, { ...CLAIMS, exp: "never" } as unknown as JWTPayload),
    /exp is .*never.*should be a time/,
  ],
  "nbf six minutes ahead": [
    () => signToken(KEY, { ...CLAIMS, nbf: NOW_S + 360 }),
    /not valid before/,
  ],
  "another issuer": [() => signToken(KEY, { ...CLAIMS, iss: ISSUER.slice(0, -1) }), /iss is /],
  "another audience": [() => signToken(KEY, { ...CLAIMS, aud: ["istio"] }), /aud is /],
  "no audience": [() => signToken(KEY, { ...CLAIMS, aud: [] }), /aud is "\[\]"/],
  "aud as an object": [
    () => signToken(KEY, { ...CLAIMS, aud: { "istio-ca": 1 } } as unknown as JWTPayload),
    /aud is /,
  ],
  "a short sub": [() => signToken(KEY, { ...CLAIMS, sub: "system:serviceaccount" }), /sub is /],
  "a sub with a fifth part": [
    () => signToken(KEY, { ...CLAIMS, sub: "system:serviceaccount:a:b:c" }),
    /sub is /,
  ],
  "a sub without account": [
    () => signToken(KEY, { ...CLAIMS, sub: "system:serviceaccount:a:" }),
    /sub is /,
  ],
  "a sub that merely begins alike": [
    () => signToken(KEY, { ...CLAIMS, sub: "system:serviceaccountant:a:b" }),
    /sub is /,
  ],
  "a sub with a slash": [
    () => signToken(KEY, { ...CLAIMS, sub: "system:serviceaccount:a/sa/x:b" }),
    /should hold no slash/,
  ],
  "a sub with a comma": [
    () => signToken(KEY, { ...CLAIMS, sub: "system:serviceaccount:a:b,spiffe" }),
    /Cannot parse SPIFFE ID/,
  ],
  "a cut signature": [async () => (await signToken(KEY, CLAIMS)).slice(0, -9), /signature/],
  "two parts": [() => "a.b", /it is not a JWT/],
  "five parts": [() => "a.b.c.d.e", /it is not a JWT/],
  "junk": [() => "\u{1f600}", /it is not a JWT/],
  "a payload that is no object": [() => unsigned('{"alg":"RS256"}', "[]"), /it is not a JWT/],
  "a header that is no object": [() => unsigned("7", JSON.stringify(CLAIMS)), /not a signed JWT/],
  "a megabyte": [() => "e".repeat(1 << 20), new RegExp(`at most ${MAX_TOKEN_CHARS}`)],
  "an unknown critical header": [
    async () => {
      const [, payload, signature] = (await signToken(KEY, CLAIMS)).split(".");
      const header = base64Url('{"alg":"RS256","kid":"one","crit":["x"],"x":1}');
      return `${header}.${payload}.${signature}`;
    },
    /x/,
  ],
};

Deno.test("idTokenAuthenticator() accepts good tokens", async (t) => {
  for (const [name, make] of Object.entries(GOOD)) {
    await t.step(name, async () => {
      const { ask, issuer } = setUp();
      await using _ = issuer;
      const result = await ask(await make());
      assert.deepEqual(result, { ok: true, caller: { authSource: 1, identities: [IDENTITY] } });
    });
  }
});

Deno.test("idTokenAuthenticator() refuses each kind of bad token with its reason and never repeats it", async (t) => {
  for (const [name, [make, reason]] of Object.entries(BAD)) {
    await t.step(name, async () => {
      const { ask, issuer } = setUp();
      await using _ = issuer;
      const token = await make();
      const result = await ask(token);
      assert.ok(!result.ok, "accepted");
      assert.match(result.reason, reason);
      const [, , signature = ""] = token.split(".");
      assert.ok(signature.length < 20 || !result.reason.includes(signature.slice(0, 20)));
      assert.ok(result.reason.length < 700, "the reason is as long as the token");
    });
  }
});

Deno.test("idTokenAuthenticator() takes the last of duplicate members, as RFC 7519 section 4 allows", async () => {
  const { ask, issuer } = setUp();
  await using _ = issuer;
  const twice = (first: string, last: string) => {
    const text = JSON.stringify(CLAIMS).slice(0, -1);
    return `${text},"sub":"${first}","sub":"${last}"}`;
  };
  const sign = async (payload: string) => {
    const signed = `${base64Url('{"alg":"RS256","kid":"one"}')}.${base64Url(payload)}`;
    const bytes = new TextEncoder().encode(signed);
    const made = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", KEY.privateKey, bytes);
    return `${signed}.${base64Url(new Uint8Array(made))}`;
  };
  const good = "system:serviceaccount:ns-a:sa-b";
  const result = await ask(await sign(twice("system:serviceaccount:kube-system:admin", good)));
  assert.deepEqual(result.ok && result.caller.identities, [IDENTITY]);
  assert.equal((await ask(await sign(twice(good, "nobody")))).ok, false);
});

Deno.test("idTokenAuthenticator() tries every key with a token that names none", async () => {
  const { ask, documents, issuer } = setUp();
  await using _ = issuer;
  documents.set(JWKS, { keys: [STRANGER.jwk, SECOND.jwk, { ...KEY.jwk, kid: "three" }] });
  assert.ok((await ask(await signToken(KEY, CLAIMS, { kid: undefined }))).ok);
});

Deno.test("idTokenAuthenticator() tries a token that names no key with a few keys at most", async () => {
  const { ask, documents, issuer } = setUp();
  await using _ = issuer;
  const strangers = Array.from({ length: MAX_KEYS_TRIED }, (_, n) => ({
    ...STRANGER.jwk,
    kid: `stranger ${n}`,
  }));
  documents.set(JWKS, { keys: [...strangers, KEY.jwk] });
  const nameless = await ask(await signToken(KEY, CLAIMS, { kid: undefined }));
  assert.match(
    nameless.ok ? "" : nameless.reason,
    /none of the first 4 made its signature.*\(kid\)/,
  );
  assert.ok((await ask(await signToken(KEY, CLAIMS))).ok, "one that names its key is served");
});

Deno.test("an issuer's keys rotate: an unknown key is looked for, once in a cooldown", async () => {
  const { ask, documents, fetched, clock, issuer } = setUp();
  await using _ = issuer;
  assert.ok((await ask(await signToken(KEY, CLAIMS))).ok);
  assert.equal(fetched.length, 1);
  const next = await signToken(SECOND, { ...CLAIMS, exp: NOW_S + 6_000 });
  documents.set(JWKS, { keys: [KEY.jwk, SECOND.jwk] });
  for (let n = 0; n < 20; n++) assert.equal((await ask(next)).ok, false);
  assert.equal(fetched.length, 1, "within the cooldown");
  await clock.advance(COOLDOWN_MS);
  const all = await Promise.all(Array.from({ length: 20 }, () => ask(next)));
  assert.ok(all.every(({ ok }) => ok));
  assert.equal(fetched.length, 2, "one fetch for all");
  documents.set(JWKS, { keys: [SECOND.jwk] });
  await clock.advance(REFRESH_AFTER_MS + 1);
  await ask(next);
  await clock.advance(0);
  const claims = { ...CLAIMS, exp: NOW_S + 6_000 };
  assert.equal((await ask(await signToken(KEY, claims))).ok, false, "a withdrawn key");
});

Deno.test("an issuer that is out of reach: known keys keep working, it is not hammered, each failure is told", async () => {
  const { ask, documents, fetched, failures, clock, issuer } = setUp();
  await using _ = issuer;
  const token = await signToken(KEY, { ...CLAIMS, exp: NOW_S + 86_400 });
  assert.ok((await ask(token)).ok);
  documents.clear();
  for (let hour = 0; hour < 10; hour++) {
    await clock.advance(3_600_000);
    for (let n = 0; n < 10; n++) assert.ok((await ask(token)).ok);
    await clock.advance(0);
  }
  assert.ok(fetched.length <= 11, `${fetched.length} fetches`);
  assert.equal(failures.length, fetched.length - 1);
});

Deno.test("an issuer that was never in reach refuses with the cause, and is asked once in a cooldown", async () => {
  const { ask, documents, fetched, clock, issuer } = setUp();
  await using _ = issuer;
  documents.clear();
  const token = await signToken(KEY, CLAIMS);
  for (let n = 0; n < 10; n++) {
    const result = await ask(token);
    assert.match(result.ok ? "" : result.reason, /could not be fetched: out of reach/);
  }
  assert.equal(fetched.length, 1);
  documents.set(JWKS, { keys: [KEY.jwk] });
  await clock.advance(COOLDOWN_MS);
  assert.ok((await ask(token)).ok);
});

Deno.test("discovery gives the keys' address and the algorithms", async (t) => {
  const found = { issuer: ISSUER, jwks_uri: JWKS };
  await t.step("RS256 when none are listed", async () => {
    const { ask, documents, fetched, issuer } = setUp({ discovers: true });
    await using _ = issuer;
    documents.set(DISCOVERY, found);
    assert.ok((await ask(await signToken(KEY, CLAIMS))).ok);
    assert.deepEqual(fetched, [DISCOVERY, JWKS]);
  });
  await t.step("those that are listed, without shared secrets", async () => {
    const { ask, documents, issuer } = setUp({ discovers: true });
    await using _ = issuer;
    const algorithms = ["none", "HS256", "ES256"];
    documents.set(DISCOVERY, { ...found, id_token_signing_alg_values_supported: algorithms });
    documents.set(JWKS, { keys: [EC.jwk, KEY.jwk] });
    assert.ok((await ask(await signToken(EC, CLAIMS))).ok);
    assert.equal((await ask(await signToken(KEY, CLAIMS))).ok, false);
  });
  const bad: Readonly<Record<string, readonly [unknown, RegExp]>> = {
    "another issuer": [{ ...found, issuer: "https://issuer.example" }, /issuer is /],
    "no keys": [{ issuer: ISSUER }, /jwks_uri is missing/],
    "keys that are no URL": [{ ...found, jwks_uri: "file:///etc/passwd" }, /should be an http/],
    "keys in the clear": [{ ...found, jwks_uri: "http://issuer.example/keys" }, /should be https/],
    "shared secrets alone": [
      { ...found, id_token_signing_alg_values_supported: ["HS256"] },
      /announces no signature algorithm/,
    ],
    "a list": [[], /issuer is missing/],
    "null": [null, /issuer is missing/],
  };
  for (const [name, [document, message]] of Object.entries(bad)) {
    await t.step(name, async () => {
      const { documents, issuer } = setUp({ discovers: true });
      await using _ = issuer;
      documents.set(DISCOVERY, document);
      await assert.rejects(
        issuer.load(),
        (thrown) =>
          isSignetError(thrown, "authn.issuer_unreachable") && message.test(thrown.message),
      );
    });
  }
  for (
    const [name, keys] of Object.entries({
      "key sets that are none": { keys: 7 },
      "too many keys": { keys: Array(51).fill(KEY.jwk) },
      "members that are no keys": { keys: ["x"] },
    })
  ) {
    await t.step(name, async () => {
      const { documents, issuer } = setUp();
      await using _ = issuer;
      documents.set(JWKS, keys);
      await assert.rejects(
        issuer.load(),
        (thrown) => isSignetError(thrown, "authn.issuer_unreachable"),
      );
    });
  }
});

Deno.test("idTokenAuthenticator() turns callers away when too many tokens are being checked", async () => {
  const { ask, issuer } = setUp();
  await using _ = issuer;
  const token = await signToken(KEY, CLAIMS);
  const all = Array.from({ length: MAX_IN_FLIGHT + 10 }, () => ask(token));
  const settled = await Promise.allSettled(all);
  const turnedAway = settled.filter((one) => one.status === "rejected");
  assert.equal(turnedAway.length, 10);
  for (const { reason } of turnedAway) assert.ok(isSignetError(reason, "authn.overloaded"));
  assert.ok((await ask(token)).ok, "afterwards all is well");
});
