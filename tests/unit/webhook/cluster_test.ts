/** Webhook configurations: bundles, changes, the proof, retries, and certificates that change without a review that fails. */
import assert from "node:assert/strict";

import { SignetError } from "signet/base/mod.ts";
import type { KubeRequest } from "signet/kube/mod.ts";
import type { ServingMaterial } from "../../../lib/server_cert/mod.ts";
import { createLogger, createMetrics } from "signet/telemetry/mod.ts";
import {
  blocksOf,
  bundleFits,
  encodeBundle,
  type WantedBundle,
} from "../../../lib/webhook/cluster/bundle.ts";
import {
  changeInjection,
  changeValidation,
  lookAtValidation,
} from "../../../lib/webhook/cluster/changes.ts";
import { handOver, LINGER_MS } from "../../../lib/webhook/cluster/hand_over.ts";
import { proveRefusal } from "../../../lib/webhook/cluster/proof.ts";
import { createRetries } from "../../../lib/webhook/cluster/retries.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

const root = (name: string) => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----`;
const [A, B, C] = [root("A"), root("B"), root("C")] as const;
const only = (...blocks: readonly string[]): WantedBundle => ({ blocks, required: blocks });

Deno.test("a bundle fits by the certificates in it", () => {
  assert.deepEqual(blocksOf(`${A}\nnoise\n${B}\n${A}\n`), [A, B]);
  assert.deepEqual(blocksOf("-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----"), []);
  const wanted = { blocks: [A, B], required: [A] };
  const rows: readonly (readonly [unknown, boolean])[] = [
    [encodeBundle(only(A)), true],
    [encodeBundle(only(B, A)), true],
    [encodeBundle(only(B)), false],
    [encodeBundle(only(A, C)), false],
    [undefined, false],
    ["", false],
    ["*not base64*", false],
    [btoa("junk"), false],
    [7, false],
  ];
  for (const [bundle, fits] of rows) assert.equal(bundleFits(bundle, wanted), fits, String(bundle));
});

const injector = (name: string, caBundle?: string) => ({
  name,
  clientConfig: { service: { name: "istiod" }, ...(caBundle === undefined ? {} : { caBundle }) },
  failurePolicy: "Fail",
});

Deno.test("changeInjection() writes the bundle into entries that inject, and leaves the rest", () => {
  const wanted = only(A);
  const bundle = encodeBundle(wanted);
  const configuration = {
    metadata: { name: "x", resourceVersion: "7" },
    webhooks: [
      injector("rev.namespace.sidecar-injector.istio.io"),
      injector("other.example", "mine"),
      injector("object.sidecar-injector.istio.io", bundle),
    ],
  };
  const change = changeInjection(configuration, wanted);
  assert.ok(change.kind === "write");
  assert.deepEqual(change.configuration, {
    metadata: { name: "x", resourceVersion: "7" },
    webhooks: [
      injector("rev.namespace.sidecar-injector.istio.io", bundle),
      injector("other.example", "mine"),
      injector("object.sidecar-injector.istio.io", bundle),
    ],
  });
  assert.equal(changeInjection(change.configuration, wanted).kind, "none");
  const foreign = { webhooks: [injector("sidecar-injector.istio.io.example")] };
  assert.equal(changeInjection(foreign, wanted).kind, "foreign");
  assert.equal(changeInjection({ webhooks: "none" }, wanted).kind, "foreign");
});

Deno.test("a configuration that validates fails closed when that is wanted, and never open", () => {
  const wanted = only(A);
  const entry = (failurePolicy: string | undefined, caBundle = "") => ({
    name: "v",
    clientConfig: { caBundle },
    ...(failurePolicy === undefined ? {} : { failurePolicy }),
  });
  const bundle = encodeBundle(wanted);
  const look = (...webhooks: readonly object[]) => lookAtValidation({ webhooks }, wanted);
  assert.deepEqual(look(entry("Ignore")), { needsBundle: true, failsOpen: true });
  assert.deepEqual(look(entry("Fail", bundle)), { needsBundle: false, failsOpen: false });
  assert.deepEqual(look(entry(undefined, bundle)), { needsBundle: false, failsOpen: false });
  assert.deepEqual(look(entry("Fail", bundle), entry("Ignore", bundle)), {
    needsBundle: false,
    failsOpen: true,
  });
  const webhooks = [entry("Ignore"), entry("Fail")];
  const policies = (failsClosed: boolean) =>
    (changeValidation({ webhooks }, wanted, { failsClosed })["webhooks"] as typeof webhooks)
      .map(({ failurePolicy }) => failurePolicy);
  assert.deepEqual(policies(false), ["Ignore", "Fail"]);
  assert.deepEqual(policies(true), ["Fail", "Fail"]);
});

Deno.test("proveRefusal() tries a Gateway that is refused, and tells what that proves", async (t) => {
  const refused = (status: number, said: string) =>
    new SignetError("kube.refused", `Cannot POST x: the API server says ${status} "${said}"`, {
      fields: { status },
    });
  const denied = refused(400, 'admission webhook \\"v\\" denied the request: no');
  const rows: readonly (readonly [string, SignetError | undefined, RegExp])[] = [
    ["taken", undefined, /^not proven: a Gateway that should be refused was taken/],
    ["denied", denied, /^proven$/],
    [
      "no such kind",
      refused(404, "404 page not found"),
      /^proven, but the cluster has no Gateways/,
    ],
    [
      "another webhook that is not found",
      refused(500, "failed to call webhook: the server could not find the requested resource"),
      /^not proven: /,
    ],
    ["no namespace", refused(404, 'namespaces \\"x\\" not found'), /^not proven: /],
    [
      "no trials",
      refused(400, "webhook x does not support dry run"),
      /^proven, but another webhook/,
    ],
    ["forbidden", refused(403, "gateways is forbidden"), /^not proven: /],
    ["there already", refused(409, "it exists"), /^not proven: /],
    ["away", new SignetError("kube.unavailable", "Cannot POST x: no answer"), /^thrown kube.unav/],
  ];
  for (const [what, thrown, expected] of rows) {
    await t.step(what, async () => {
      const asked: KubeRequest[] = [];
      const client = {
        request(request: KubeRequest) {
          asked.push(request);
          return thrown === undefined ? Promise.resolve({}) : Promise.reject(thrown);
        },
      };
      const said = await proveRefusal(client, { namespace: "ns", revision: "r" }).then(
        (proof) =>
          !proof.proven
            ? `not proven: ${proof.why}`
            : proof.doubt === undefined
            ? "proven"
            : `proven, but ${proof.doubt}`,
        (error: SignetError) => `thrown ${error.code}`,
      );
      assert.match(said, expected);
      const [{ method, path, query, body }] = asked as [KubeRequest];
      assert.deepEqual([method, path, query], [
        "POST",
        "/apis/networking.istio.io/v1/namespaces/ns/gateways",
        { dryRun: "All" },
      ]);
      const { metadata } = body as { metadata: { labels: object } };
      assert.deepEqual(metadata.labels, { "istio.io/rev": "r" });
    });
  }
});

Deno.test("retries: one at a time for a key, after a while when it failed, at once when it is wanted anew", async () => {
  const clock = createFakeClock(0);
  const done: string[] = [];
  const failed: string[] = [];
  let fails = 2;
  await using retries = createRetries({
    clock,
    work(key) {
      done.push(`${key}@${clock.monotonicMs()}`);
      return fails-- > 0
        ? Promise.reject(new SignetError("webhook.not_ready", "not yet"))
        : Promise.resolve();
    },
    delayMs: (failures) => 100 * failures,
    onFailure: (key) => void failed.push(key),
  });
  retries.want("a");
  retries.want("a");
  await clock.advance(0);
  assert.deepEqual(done.splice(0), ["a@0", "a@0"], "what is wanted meanwhile is done once more");
  await clock.advance(1_000);
  assert.deepEqual(done.splice(0), ["a@200"], "after two failures");
  assert.deepEqual(failed, ["a", "a"]);
  fails = 1;
  retries.want("b");
  await clock.advance(50);
  retries.want("b");
  await clock.advance(1_000);
  assert.deepEqual(done, ["b@1000", "b@1050"], "a change does not wait");
  assert.equal(clock.waiting, 0);
});

const LIFE_MS = 300_000;

function material(certChainPem: string, ...roots: readonly string[]): ServingMaterial {
  return {
    ...{ certChainPem, keyPem: "", clientRootsPem: roots.join("\n") },
    ...{ notBeforeMs: 0, notAfterMs: LIFE_MS },
  };
}

function handOverWith(current: ServingMaterial | undefined) {
  const clock = createFakeClock(0);
  const seen: string[] = [];
  let isPublished = true;
  let listener: (material: ServingMaterial) => void = () => {};
  const nameOf = (block: string) => block.split("\n")[1]!;
  const over = handOver({
    clock,
    cert: {
      current,
      onChange(told) {
        listener = told;
        return { [Symbol.dispose]: () => {} };
      },
    },
    configurations: {
      publish: ({ blocks, required }) =>
        void seen.push(`${blocks.map(nameOf).join("")}/${required.map(nameOf).join("")}`),
      get isPublished() {
        return isPublished;
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
    show: ({ certChainPem }) => void seen.push(`shows ${certChainPem}`),
    logger: createLogger({ levels: { default: "none" }, json: false }, {
      clock,
      sink: () => undefined,
    }),
    metrics: createMetrics(),
  });
  return {
    ...{ clock, over },
    seen: () => seen.splice(0),
    change: (next: ServingMaterial) => listener(next),
    published: (value: boolean) => void (isPublished = value),
  };
}

Deno.test("a new leaf is shown when its roots are everywhere beside those before, which leave a while later", async () => {
  const { clock, over, seen, change, published } = handOverWith(material("one", A));
  await using _over = over;
  assert.deepEqual(seen(), ["A/A"]);
  published(false);
  change(material("one", B));
  assert.deepEqual(seen(), ["BA/B"]);
  change(material("two", B));
  assert.deepEqual(seen(), ["BA/BA"], "the old root is needed as long as its leaf is shown");
  await clock.advance(LINGER_MS * 2);
  assert.deepEqual(seen(), []);
  published(true);
  await clock.advance(1_000);
  assert.deepEqual(seen(), ["shows two", "BA/B"]);
  await clock.advance(LINGER_MS);
  assert.deepEqual(seen(), ["B/B"]);
  assert.equal(clock.waiting, 0);
});

Deno.test("a leaf that has expired is not held on to, and the newest is shown", async () => {
  const { clock, over, seen, change, published } = handOverWith(material("one", A));
  await using _over = over;
  published(false);
  change(material("two", A, B));
  change(material("three", A, B));
  seen();
  await clock.advance(LIFE_MS + 1_000);
  assert.deepEqual(seen().filter((line) => line.startsWith("shows")), ["shows three"]);
});

Deno.test("a renewal by the same root is shown at once", async () => {
  const { clock, over, seen, change } = handOverWith(material("one", A));
  await using _over = over;
  change(material("two", A));
  await clock.advance(0);
  assert.deepEqual(seen(), ["A/A", "A/A", "shows two", "A/A"]);
});
