/** Tokens of service accounts against an API server of paper: istiod's checks, and what is remembered for how long. */
import assert from "node:assert/strict";
import { SignetError } from "signet/base/mod.ts";
import type { AuthResult, Credentials } from "signet/authn/mod.ts";
import type { KubeDocument, KubeRequest, TokenReview } from "signet/kube/mod.ts";
import { createMetrics } from "signet/telemetry/mod.ts";
import { FETCH_KEYS_MS, followClusterKeys } from "../../../lib/authn/cluster_keys.ts";
import { kubeTokenAuthenticator } from "../../../lib/authn/kube_token.ts";
import { judgeReview } from "../../../lib/authn/service_account.ts";
import {
  COMING_UP_MS,
  MAX_REVIEWS,
  PAUSE_MS,
  REMEMBER_MS,
} from "../../../lib/authn/token_judge.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { base64Url, makeIssuerKey, signToken } from "../../support/id_tokens.ts";

const NOW_MS = 1_800_000_000_000;

/** A token that says what it should; the API server of paper does not look at signatures. */
function jwt(claims: Readonly<Record<string, unknown>>): string {
  return `${base64Url('{"alg":"RS256"}')}.${base64Url(JSON.stringify(claims))}.c2ln`;
}
const token = (jti: string, lifeMs = 3_600_000) => jwt({ jti, exp: (NOW_MS + lifeMs) / 1000 });

function presenting(bearer: string, clusterid: readonly string[] = []): Credentials {
  return {
    remoteAddress: "127.0.0.1:1",
    secure: true,
    peer: undefined,
    headerValues: (name) =>
      name === "authorization" ? [`Bearer ${bearer}`] : name === "clusterid" ? clusterid : [],
  };
}

const GOOD = {
  authenticated: true,
  user: {
    username: "system:serviceaccount:shop:vm",
    groups: ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"],
    extra: { "authentication.kubernetes.io/pod-name": ["vm-0"] },
  },
  audiences: ["istio-ca"],
};

/** An API server of paper: its answer to reviews, and the keys that it publishes. */
interface Paper {
  readonly review: (request: KubeRequest) => KubeDocument | Promise<KubeDocument>;
  /** Keys of its set; `undefined` publishes none. */
  readonly keys?: () => readonly unknown[];
  readonly maxAwayMs?: number;
}

const ISSUER = "https://kubernetes.default.svc";

function setUp({ review, keys, maxAwayMs = 0 }: Paper) {
  const clock = createFakeClock(NOW_MS);
  const metrics = createMetrics();
  const asked: KubeRequest[] = [];
  let trustDomain = "cluster.local";
  const client = {
    request(request: KubeRequest): Promise<KubeDocument> {
      const { path } = request;
      if (path.endsWith("/tokenreviews")) {
        asked.push(request);
        return Promise.resolve().then(() => review(request));
      }
      if (keys === undefined) return Promise.reject(new SignetError("kube.refused", "Cannot GET"));
      if (path === "/openid/v1/jwks") return Promise.resolve().then(() => ({ keys: keys() }));
      return Promise.resolve({ issuer: ISSUER, jwks_uri: "https://elsewhere/openid/v1/jwks" });
    },
  };
  const away: unknown[] = [];
  const clusterKeys = followClusterKeys({
    client,
    clock,
    onAway: (thrown) => void away.push(thrown),
    onBack: () => void away.push("back"),
  });
  const authenticator = kubeTokenAuthenticator(
    { clusterId: "one", aliases: ["uno"], audiences: ["istio-ca"], maxAwayMs },
    { clock, metrics, trustDomain: () => trustDomain, client, keys: clusterKeys },
  );
  const ask = async (credentials: Credentials): Promise<AuthResult> =>
    await authenticator.authenticate(credentials);
  const refusal = async (bearer: string): Promise<string> => {
    const result = await ask(presenting(bearer));
    return result.ok ? "accepted" : result.reason;
  };
  return {
    ...{ ask, refusal, asked, clock, away },
    changeTrustDomain: (to: string) => trustDomain = to,
    [Symbol.asyncDispose]: () => clusterKeys[Symbol.asyncDispose](),
  };
}

Deno.test("kubeTokenAuthenticator() asks for the audiences and grants the service account's identity", async () => {
  await using paper = setUp({ review: () => ({ status: GOOD }) });
  const { ask, asked, changeTrustDomain } = paper;
  const one = token("one");
  const result = await ask(presenting(one));
  assert.ok(result.ok);
  assert.deepEqual(result.caller.identities, ["spiffe://cluster.local/ns/shop/sa/vm"]);
  assert.equal(result.caller.credential, "the token of pod shop/vm-0");
  const { spec } = asked[0]!.body as { spec: unknown };
  assert.deepEqual(spec, { token: one, audiences: ["istio-ca"] });
  changeTrustDomain("other");
  const again = await ask(presenting(one));
  assert.deepEqual(again.ok && again.caller.identities, ["spiffe://other/ns/shop/sa/vm"]);
  assert.equal(asked.length, 1);
});

Deno.test("kubeTokenAuthenticator() remembers an answer for a while, and never past the token's end", async () => {
  await using paper = setUp({ review: () => ({ status: GOOD }) });
  const { ask, asked, clock } = paper;
  await ask(presenting(token("long")));
  await clock.advance(REMEMBER_MS - 1);
  await ask(presenting(token("long")));
  assert.equal(asked.length, 1);
  await clock.advance(1);
  await ask(presenting(token("long")));
  assert.equal(asked.length, 2);
  const short = token("short", REMEMBER_MS + 1_000);
  assert.ok((await ask(presenting(short))).ok);
  await clock.advance(1_000);
  const over = await ask(presenting(short));
  assert.match(over.ok ? "" : over.reason, /it expired at 2027/);
  assert.equal(asked.length, 3);
});

Deno.test("kubeTokenAuthenticator() remembers refusals as long, and failures not at all", async () => {
  let status: unknown = { authenticated: false };
  await using paper = setUp({
    review: () => {
      if (status instanceof Error) throw status;
      return { status };
    },
  });
  const { ask, asked, clock } = paper;
  const refused = await ask(presenting(token("a")));
  assert.match(
    refused.ok ? "" : refused.reason,
    /^failed to validate the JWT from cluster "one": the token is not authenticated$/,
  );
  status = GOOD;
  assert.equal((await ask(presenting(token("a")))).ok, false);
  assert.equal(asked.length, 1);
  await clock.advance(REMEMBER_MS);
  assert.ok((await ask(presenting(token("a")))).ok);
  status = new SignetError("kube.unavailable", "Cannot POST");
  const failed = await ask(presenting(token("b")));
  assert.match(failed.ok ? "" : failed.reason, /: Cannot POST; it is not judged without it/);
  status = GOOD;
  await clock.advance(PAUSE_MS);
  assert.ok((await ask(presenting(token("b")))).ok);
});

Deno.test("kubeTokenAuthenticator() asks once for callers who show one token at once, and bounds its questions", async () => {
  const answers: (() => void)[] = [];
  await using paper = setUp({
    review: () => new Promise((resolve) => answers.push(() => resolve({ status: GOOD }))),
  });
  const { ask, asked, clock } = paper;
  const same = Array.from({ length: 50 }, () => ask(presenting(token("same"))));
  const others = Array.from(
    { length: MAX_REVIEWS - 1 },
    (_, n) => ask(presenting(token(String(n)))),
  );
  await assert.rejects(ask(presenting(token("one too many"))), { code: "authn.overloaded" });
  await clock.advance(0);
  assert.equal(asked.length, MAX_REVIEWS);
  for (const answer of answers) answer();
  for (const result of await Promise.all([...same, ...others])) assert.ok(result.ok);
  const late = ask(presenting(token("one too many")));
  await clock.advance(0);
  answers.at(-1)!();
  assert.ok((await late).ok);
});

Deno.test("kubeTokenAuthenticator() refuses without asking what cannot be a token of this cluster", async (t) => {
  const rows: readonly (readonly [string, Credentials, RegExp])[] = [
    ["plaintext", { ...presenting(token("a")), secure: false }, /not TLS/],
    ["no header", { ...presenting(""), headerValues: () => [] }, /no HTTP authorization header/],
    [
      "another scheme",
      { ...presenting(""), headerValues: (name) => name === "authorization" ? ["Basic x"] : [] },
      /no bearer token exists/,
    ],
    ["no JWT", presenting("abc"), /it is not a JWT/],
    ["a megabyte", presenting("e".repeat(1 << 20)), /1048576 characters, at most 16384/],
    ["an end that is no time", presenting(jwt({ exp: "soon" })), /it is not a JWT/],
    ["an end beyond time", presenting(jwt({ exp: 1e300 })), /it is not a JWT/],
    ["an end before time", presenting(jwt({ exp: -1e300 })), /it is not a JWT/],
    ["an end before every Date", presenting(jwt({ exp: -9e12 })), /it is not a JWT/],
    ["an ended one", presenting(token("a", -1_000)), /it expired/],
    [
      "another cluster",
      presenting(token("a"), ["two"]),
      /cluster "two", but we only know about local cluster "one" and remote clusters \[\]/,
    ],
  ];
  for (const [name, credentials, reason] of rows) {
    await t.step(name, async () => {
      await using paper = setUp({ review: () => ({ status: GOOD }) });
      const { ask, asked } = paper;
      const result = await ask(credentials);
      assert.match(result.ok ? "" : result.reason, reason);
      assert.equal(asked.length, 0);
    });
  }
  await t.step("but not this cluster's names, nor none, nor two", async () => {
    await using paper = setUp({ review: () => ({ status: GOOD }) });
    const { ask } = paper;
    for (const ids of [["one"], ["uno"], [""], [], ["two", "three"]]) {
      assert.ok((await ask(presenting(token("a"), ids))).ok, ids.join());
    }
  });
});

Deno.test("kubeTokenAuthenticator() takes answers of any shape for refusals", async () => {
  const shapes = [{}, { status: null }, { status: [] }, { status: { authenticated: "true" } }, {
    status: { authenticated: true, user: { username: 5, groups: "system:serviceaccounts" } },
  }];
  for (const shape of shapes) {
    await using paper = setUp({ review: () => shape });
    const { ask } = paper;
    assert.equal((await ask(presenting(token("a")))).ok, false);
  }
});

Deno.test("kubeTokenAuthenticator() judges by the cluster's keys while the API server is away, for as long as it may", async (t) => {
  const key = await makeIssuerKey("one");
  const other = await makeIssuerKey("one");
  let isAway = false;
  const maxAwayMs = 600_000;
  const unavailable = new SignetError("kube.unavailable", "Cannot reach it");
  let status: unknown = GOOD;
  await using paper = setUp({
    review: () => {
      if (isAway) throw unavailable;
      if (status instanceof Error) throw status;
      return { status };
    },
    keys: () => {
      if (isAway) throw unavailable;
      return [key.jwk];
    },
    maxAwayMs,
  });
  const { ask, refusal, asked, clock, away } = paper;
  const claims = (change: object = {}) => ({
    iss: ISSUER,
    aud: ["istio-ca"],
    sub: "system:serviceaccount:shop:vm",
    exp: NOW_MS / 1000 + 86_400,
    "kubernetes.io": { namespace: "shop", pod: { name: "vm-1", uid: "u" } },
    ...change,
  });
  const sign = (change: object = {}) => signToken(key, claims(change));
  await clock.advance(0);
  await t.step("a token that the key of its name did not sign is not asked about", async () => {
    assert.match(await refusal(await signToken(other, claims())), /its signature is not the key's/);
    assert.equal(asked.length, 0);
  });
  const refusedBefore = await sign({ jti: "refused" });
  await t.step("a refusal of the API server counts later, too", async () => {
    status = { authenticated: false };
    assert.match(await refusal(refusedBefore), /the token is not authenticated/);
    status = GOOD;
  });
  isAway = true;
  await clock.advance(FETCH_KEYS_MS);
  await t.step("a good one is accepted, and names its pod", async () => {
    const result = await ask(presenting(await sign()));
    assert.ok(result.ok, result.ok ? "" : result.reason);
    assert.deepEqual(result.caller.identities, ["spiffe://cluster.local/ns/shop/sa/vm"]);
    assert.equal(result.caller.credential, "the token of pod shop/vm-1");
  });
  await t.step("the server is not asked for a moment after it did not answer", async () => {
    const before = asked.length;
    for (let n = 0; n < 20; n++) assert.equal(await refusal(await sign({ jti: n })), "accepted");
    assert.equal(asked.length, before);
    await clock.advance(PAUSE_MS);
    await refusal(await sign({ jti: "later" }));
    assert.equal(asked.length, before + 1);
  });
  await t.step(
    "one that comes up refuses signet itself for a moment, and that is no verdict",
    async () => {
      isAway = false;
      status = new SignetError("kube.refused", "Cannot POST: 403", { fields: { status: 403 } });
      await clock.advance(PAUSE_MS);
      assert.equal(await refusal(await sign({ jti: "coming up" })), "accepted");
      await clock.advance(COMING_UP_MS);
      assert.match(await refusal(await sign({ jti: "up" })), /Cannot POST: 403$/);
      isAway = true;
      status = GOOD;
      await clock.advance(FETCH_KEYS_MS);
    },
  );
  const rows: readonly (readonly [string, object, RegExp])[] = [
    ["another audience", { aud: ["x"] }, /aud is/],
    ["no audience", { aud: undefined }, /aud is missing/],
    ["another issuer", { iss: "https://x" }, /iss is/],
    ["no end", { exp: undefined }, /exp is missing/],
    ["a user", { sub: "somebody" }, /sub is/],
    ["not yet", { nbf: NOW_MS / 1000 + 86_000 }, /not valid before/],
  ];
  for (const [name, change, reason] of rows) {
    await t.step(`refused: ${name}`, async () => {
      assert.match(await refusal(await sign(change)), reason);
    });
  }
  await t.step("refused: what it had refused", async () => {
    await clock.advance(REMEMBER_MS);
    assert.match(await refusal(refusedBefore), /it refused the token before/);
  });
  await t.step("not longer than it may", async () => {
    await clock.advance(maxAwayMs);
    assert.match(await refusal(await sign()), /it is away for \d+ s, at most 600 s/);
  });
  await t.step("its word counts as soon as it is back", async () => {
    isAway = false;
    status = { authenticated: false };
    await clock.advance(PAUSE_MS);
    assert.match(await refusal(await sign()), /the token is not authenticated/);
    await clock.advance(FETCH_KEYS_MS);
    assert.deepEqual(away, [unavailable, "back", unavailable, "back"]);
  });
});

Deno.test("kubeTokenAuthenticator() accepts nothing without the API server when it may not, or knows no keys", async () => {
  const key = await makeIssuerKey("one");
  const good = await signToken(key, {
    iss: ISSUER,
    aud: ["istio-ca"],
    sub: "system:serviceaccount:shop:vm",
    exp: NOW_MS / 1000 + 3_600,
  });
  const review = () => {
    throw new SignetError("kube.unavailable", "Cannot reach it");
  };
  await using never = setUp({ review, keys: () => [key.jwk] });
  await never.clock.advance(1);
  assert.match(await never.refusal(good), /at most 0 s/);
  await using keyless = setUp({ review, maxAwayMs: 600_000 });
  await keyless.clock.advance(1);
  assert.match(await keyless.refusal(good), /its keys are not known/);
});

Deno.test("judgeReview() makes istiod's checks in istiod's order", async (t) => {
  const review = (change: Partial<TokenReview>): TokenReview => ({
    authenticated: true,
    error: "",
    username: "system:serviceaccount:shop:vm",
    groups: ["system:serviceaccounts"],
    extra: {},
    audiences: [],
    ...change,
  });
  const rows: readonly (readonly [string, Partial<TokenReview>, string | undefined])[] = [
    ["good, without audiences", {}, undefined],
    ["good, with its audience", { audiences: ["x", "istio-ca"] }, undefined],
    [
      "an error",
      { error: "bad", authenticated: true },
      'the service account authentication returns an error: "bad"',
    ],
    ["not authenticated", { authenticated: false, groups: [] }, "the token is not authenticated"],
    ["other audiences", { audiences: ["x"] }, 'the token is for "x" alone'],
    [
      "a group alone",
      { groups: ["system:serviceaccounts:shop"] },
      "the token is not a service account",
    ],
    ["a user", { username: "system:node:x" }, "invalid username field in the token review result"],
    ["five parts", { username: "system:serviceaccount:a:b:c" }, "invalid username field"],
    ["a foreign prefix", { username: "other:serviceaccount:a:b" }, "invalid username field"],
    ["no namespace", { username: "system:serviceaccount::b" }, "namespace or name is empty"],
    ["no name", { username: "system:serviceaccount:a:" }, "namespace or name is empty"],
  ];
  for (const [name, change, reason] of rows) {
    await t.step(name, () => {
      const verdict = judgeReview(review(change), ["istio-ca"]);
      if (reason === undefined) assert.ok(verdict.ok);
      else assert.ok(!verdict.ok && verdict.reason.startsWith(reason), JSON.stringify(verdict));
    });
  }
});
