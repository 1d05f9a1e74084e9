/** Signet's own certificate from a signer of the cluster, on the fake clock. */
import assert from "node:assert/strict";
import { isSignetError, SignetError } from "signet/base/mod.ts";
import type { RootList, SignerRequest, Signers } from "signet/ca/mod.ts";
import {
  loadServerCert,
  LOOK_AT_CLOCK_MS,
  type ServerCert,
  type ServerCertConfig,
} from "signet/server_cert/mod.ts";
import { decodeCertificate, decodePem } from "signet/x509/mod.ts";
import { createFakeClock, type FakeClock } from "../../support/fake_clock.ts";
import { providerOf } from "../../support/providers.ts";
import { createTestCa } from "../../support/test_ca.ts";

const START = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
const SIGNER = "example.com/servers";
const CONFIG: ServerCertConfig = {
  names: ["istiod.istio-system.svc", "127.0.0.1"],
  ttlMs: 10 * HOUR_MS,
  files: undefined,
  caCertFile: undefined,
  provider: `k8s.io/${SIGNER}`,
  signerName: SIGNER,
  writeDirectory: undefined,
};

interface Stage {
  readonly clock: FakeClock;
  readonly asked: SignerRequest[];
  readonly signers: Signers;
  /** While set, the signer fails with it. */
  failure: Error | undefined;
  /** How often it did. */
  failures: number;
  /** Puts another root in the place of the signer's, which it signs with from then on. */
  changeRoot(): Promise<void>;
  load(config?: Partial<ServerCertConfig>): Promise<ServerCert>;
}

/** A signer that is a CA in memory. */
async function stage(): Promise<Stage> {
  const clock = createFakeClock(START);
  const { ca: first, logger } = await createTestCa({ clock });
  let ca = first;
  const listeners = new Set<() => void>();
  const state: Pick<Stage, "failure" | "failures"> = { failure: undefined, failures: 0 };
  const asked: SignerRequest[] = [];
  const signers: Signers = {
    workloads: undefined,
    described: "none",
    roots: [],
    async ask(request) {
      if (state.failure !== undefined) {
        state.failures++;
        throw state.failure;
      }
      asked.push(request);
      const { certificatePem } = await ca.sign({
        ...{ csrPem: request.csrPem, identities: request.names, caller: "signer" },
        requestedTtlSeconds: BigInt(request.expirationSeconds ?? 0),
      });
      return certificatePem + ca.bundle.rootCertsPem;
    },
    rootsOf: (name): RootList | undefined =>
      name === SIGNER
        ? { certificates: ca.bundle.roots, pem: ca.bundle.rootCertsPem, where: "the test" }
        : undefined,
    onChange(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return Object.assign(state, {
    ...{ clock, asked, signers },
    async changeRoot() {
      ca = (await createTestCa({ clock })).ca;
      for (const listener of listeners) listener();
    },
    load: (config: Partial<ServerCertConfig> = {}) =>
      loadServerCert({ ...CONFIG, ...config }, {
        ...{ clock, logger, signers, ca: undefined, crypto: providerOf("webcrypto") },
      }),
  });
}

/** Lets the clock's looks do their work: keys of 2048 bits take their time on any machine. */
async function until(clock: FakeClock, happened: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20_000 && !happened(); turn++) await clock.advance(0);
  assert.ok(happened());
}

Deno.test("a signer of the cluster issues the certificate, whose root the mesh is given", async () => {
  const it = await stage();
  await using cert = await it.load();
  const [leaf, ...rest] = decodePem(cert.current!.certChainPem);
  assert.equal(rest.length, 0, "the root is not served");
  const names = decodeCertificate(leaf!.der).subjectAltNames.map(({ value }) => value);
  assert.deepEqual(names, CONFIG.names);
  assert.equal(cert.meshRootsPem, it.signers.rootsOf(SIGNER)!.pem);
  assert.equal(cert.source, "signer");
  const [{ usages, expirationSeconds, names: asked }] = it.asked as [SignerRequest];
  assert.deepEqual({ usages, expirationSeconds, asked }, {
    usages: ["digital signature", "key encipherment", "server auth"],
    expirationSeconds: 36_000,
    asked: CONFIG.names,
  });
});

Deno.test("it is renewed at half life with another key; a signer that fails is asked again each minute", async () => {
  const it = await stage();
  await using cert = await it.load();
  const { keyPem } = cert.current!;
  it.failure = new SignetError("kube.not_signed", "Cannot get certificate: no ink");
  it.clock.jump(5 * HOUR_MS);
  await it.clock.advance(LOOK_AT_CLOCK_MS);
  await until(it.clock, () => it.failures === 1);
  assert.equal(cert.current!.keyPem, keyPem, "what was served stays");
  it.failure = undefined;
  await it.clock.advance(LOOK_AT_CLOCK_MS);
  await until(it.clock, () => cert.current!.keyPem !== keyPem);
  assert.equal(it.asked.length, 2);
});

Deno.test("a change of the signer's roots brings another certificate at once", async () => {
  const it = await stage();
  await using cert = await it.load();
  const { keyPem } = cert.current!;
  await it.changeRoot();
  await until(it.clock, () => cert.current!.keyPem !== keyPem);
  assert.equal(cert.meshRootsPem, it.signers.rootsOf(SIGNER)!.pem);
});

Deno.test("without the signer's root there is no start", async () => {
  const it = await stage();
  await assert.rejects(
    it.load({ signerName: "example.com/other" }),
    (thrown) =>
      isSignetError(thrown, "server_cert.bad_provider") &&
      /no root for signer example\.com\/other/.test(thrown.message),
  );
});
