/** Ten years of signet's own certificate on the fake clock: renewed at half life, kept when renewing fails, no long timer. */
import assert from "node:assert/strict";
import { isSignetError, MAX_TIMER_MS, SignetError } from "signet/base/mod.ts";
import type { Ca, GenKeyCertRequest, KeyCert } from "signet/ca/mod.ts";
import {
  loadServerCert,
  LOOK_AT_CLOCK_MS,
  type ServerCert,
  type ServerCertConfig,
} from "signet/server_cert/mod.ts";
import { memoryCaStore } from "signet/store/mod.ts";
import { decodeCertificate, decodePem } from "signet/x509/mod.ts";
import { createFakeClock, type FakeClock } from "../../support/fake_clock.ts";
import type { LogRecord } from "../../support/log_records.ts";
import { mintSet } from "../../support/minted_sets.ts";
import { providerOf } from "../../support/providers.ts";
import { createTestCa } from "../../support/test_ca.ts";

const START = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const MONTH_MS = 30 * DAY_MS;

const CONFIG: ServerCertConfig = {
  names: ["istiod.istio-system.svc", "localhost", "127.0.0.1"],
  ttlMs: 90 * DAY_MS,
  files: undefined,
  caCertFile: undefined,
  provider: "istiod",
  writeDirectory: undefined,
};

interface Stage extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly cert: ServerCert;
  readonly ca: Ca;
  readonly records: readonly LogRecord[];
  /** Certificates that were issued, the first included. */
  readonly issued: readonly KeyCert[];
  /** While set, issuing fails with this. */
  failure: Error | undefined;
}

async function stage(
  config: Partial<ServerCertConfig> = {},
  options: { readonly rootTtlMs?: number } = {},
): Promise<Stage> {
  const clock = createFakeClock(START);
  const ttlMs = options.rootTtlMs ?? 4000 * DAY_MS;
  const store = memoryCaStore(await mintSet({ nowMs: START, ttlMs }));
  const { ca: real, logger, records } = await createTestCa({
    clock,
    store,
  });
  STORES.set(real, store);
  const issued: KeyCert[] = [];
  const state: { failure: Error | undefined } = { failure: undefined };
  const ca: Ca = Object.create(real, {
    bundle: { get: () => real.bundle },
    onChange: { value: real.onChange.bind(real) },
    genKeyCert: {
      value: async (request: GenKeyCertRequest) => {
        if (state.failure !== undefined) throw state.failure;
        const made = await real.genKeyCert(request);
        issued.push(made);
        return made;
      },
    },
  });
  const host = { clock, crypto: providerOf("webcrypto"), logger, ca };
  const cert = await loadServerCert({ ...CONFIG, ...config }, host);
  return Object.assign(state, {
    clock,
    cert,
    ca: real,
    records,
    issued,
    async [Symbol.asyncDispose]() {
      await cert[Symbol.asyncDispose]();
      real[Symbol.dispose]();
    },
  });
}

/** Lets `ms` pass as a machine does: looks at the clock come at their minutes, but of a quiet month only its edges are played. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  const playedMs = Math.min(ms, 2 * LOOK_AT_CLOCK_MS);
  clock.jump(ms - playedMs);
  await settle(clock, playedMs);
}

/** Plays `ms` and lets the work that they started end. */
async function settle(clock: FakeClock, ms: number): Promise<void> {
  await clock.advance(ms);
  for (let turn = 0; turn < 5; turn++) await clock.advance(0);
}

async function until(clock: FakeClock, what: string, happened: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20_000 && !happened(); turn++) await clock.advance(0);
  assert.ok(happened(), what);
}

function errors(records: readonly LogRecord[]): readonly LogRecord[] {
  return records.filter(({ level }) => level === "error");
}

Deno.test("Ten years: the certificate is always valid, renewed at half life, with no timer longer than a day", async () => {
  await using it = await stage();
  const { clock, cert, issued } = it;
  const listened: number[] = [];
  using _subscription = cert.onChange(({ notAfterMs }) => void listened.push(notAfterMs));
  const endMs = START + 3650 * DAY_MS;
  while (clock.nowMs() < endMs) {
    const due = cert.current!.notBeforeMs +
      (cert.current!.notAfterMs - cert.current!.notBeforeMs) / 2;
    const before = issued.length;
    // The look before half life does nothing, the one after it renews.
    await pass(clock, due - clock.nowMs() - 1);
    assert.equal(issued.length, before, new Date(clock.nowMs()).toISOString());
    await settle(clock, LOOK_AT_CLOCK_MS);
    await until(clock, "a renewal at half life", () => issued.length > before);
    await until(
      clock,
      "the renewed one is served",
      () => cert.current!.keyPem === issued.at(-1)!.keyPem,
    );
    assert.equal(issued.length, before + 1);
    const { notBeforeMs, notAfterMs } = cert.current!;
    assert.ok(notBeforeMs <= clock.nowMs() && clock.nowMs() < notAfterMs);
    const leaf = decodeCertificate(decodePem(cert.current!.certChainPem)[0]!.der);
    assert.equal(leaf.notAfterMs, notAfterMs);
  }
  // 90 days, renewed after 45: about 81 times.
  assert.ok(issued.length > 78 && issued.length < 84, `${issued.length} certificates`);
  assert.equal(listened.length, issued.length - 1);
  assert.equal(
    new Set(issued.map(({ keyPem }) => keyPem)).size,
    issued.length,
    "a fresh key each time",
  );
  assert.ok(clock.longestTimerMs <= MAX_TIMER_MS);
  assert.equal(clock.longestTimerMs, LOOK_AT_CLOCK_MS);
  assert.equal(clock.waiting, 1);
  assert.deepEqual(errors(it.records), []);
});

Deno.test("A year of looks every six hours renews a certificate of 90 days eight times", async () => {
  await using it = await stage({ ttlMs: 90 * DAY_MS });
  for (let look = 0; look < 365 * 4; look++) {
    it.clock.jump(6 * 3_600_000 - LOOK_AT_CLOCK_MS);
    await it.clock.advance(LOOK_AT_CLOCK_MS);
  }
  await until(
    it.clock,
    "the last renewal",
    () => it.cert.current!.keyPem === it.issued.at(-1)!.keyPem,
  );
  assert.equal(it.issued.length, 1 + 8);
});

Deno.test("A jump of the clock to beyond the end renews at the next look", async () => {
  await using it = await stage();
  const before = it.cert.current!;
  it.clock.jump(3 * 365 * DAY_MS);
  await settle(it.clock, LOOK_AT_CLOCK_MS);
  await until(it.clock, "a renewal", () => it.cert.current !== before);
  assert.ok(it.cert.current!.notAfterMs > it.clock.nowMs());
  assert.equal(it.issued.length, 2);
});

Deno.test("A jump of the clock to before the start renews too, and so does the jump back", async () => {
  await using it = await stage();
  const first = it.cert.current!;
  // Some minutes of a clock that was ahead are within the two of backdating or not: an hour is not.
  it.clock.jump(-3_600_000);
  await settle(it.clock, LOOK_AT_CLOCK_MS);
  await until(it.clock, "a renewal", () => it.cert.current !== first);
  assert.ok(it.cert.current!.notBeforeMs <= it.clock.nowMs());
  const second = it.cert.current!;
  it.clock.jump(60 * DAY_MS);
  await settle(it.clock, LOOK_AT_CLOCK_MS);
  await until(it.clock, "another", () => it.cert.current !== second);
  assert.equal(it.issued.length, 3);
  // A small step back within the validity is none of its business.
  it.clock.jump(-60_000);
  await settle(it.clock, LOOK_AT_CLOCK_MS);
  assert.equal(it.issued.length, 3);
});

Deno.test("A renewal that fails keeps the old certificate, says so, and is tried again at every look", async () => {
  await using it = await stage();
  const before = it.cert.current!;
  it.failure = new SignetError("ca.cert_gen_error", "Cannot sign certificate: the key is gone");
  await pass(it.clock, 50 * DAY_MS);
  await until(it.clock, "a failure", () => errors(it.records).length > 0);
  assert.equal(it.cert.current, before);
  const [failed] = errors(it.records);
  assert.equal(failed?.event, "server_cert.failed");
  assert.ok(isSignetError(failed?.thrown, "ca.cert_gen_error"));
  const tries = errors(it.records).length;
  await settle(it.clock, 3 * LOOK_AT_CLOCK_MS);
  await until(it.clock, "further tries", () => errors(it.records).length >= tries + 3);
  assert.equal(it.cert.current, before);
  it.failure = undefined;
  await settle(it.clock, LOOK_AT_CLOCK_MS);
  await until(it.clock, "the renewal at last", () => it.cert.current !== before);
  const after = errors(it.records).length;
  await settle(it.clock, 3 * LOOK_AT_CLOCK_MS);
  assert.equal(errors(it.records).length, after);
});

Deno.test("Under a CA that is short-lived the certificate ends with it and is not renewed for nothing", async () => {
  await using it = await stage({}, { rootTtlMs: MONTH_MS });
  const rootEndMs = it.ca.bundle.caCertificate.notAfterMs;
  assert.equal(it.cert.current!.notAfterMs, rootEndMs);
  await pass(it.clock, 20 * DAY_MS);
  await settle(it.clock, 10 * LOOK_AT_CLOCK_MS);
  // It is past its half life, but a new one could not live longer.
  assert.equal(it.issued.length, 1);
  await pass(it.clock, 30 * DAY_MS);
  await settle(it.clock, 10 * LOOK_AT_CLOCK_MS);
  assert.equal(it.issued.length, 1);
  assert.deepEqual(errors(it.records), []);
});

Deno.test("A CA with another certificate has the own one issued anew at once, by the new CA", async () => {
  const clock = createFakeClock(START);
  const store = memoryCaStore(await mintSet({ nowMs: START, ttlMs: MONTH_MS }));
  const { ca, logger, records } = await createTestCa({ clock, store });
  using _ca = ca;
  await using cert = await loadServerCert(CONFIG, {
    clock,
    crypto: providerOf("webcrypto"),
    logger,
    ca,
  });
  const before = cert.current!;
  const generation = cert.clientRoots.generation;
  await store.save(await mintSet({ nowMs: START, ttlMs: 3650 * DAY_MS, organization: "next" }));
  assert.equal(await ca.reload(), true);
  await until(clock, "a new certificate", () => cert.current!.keyPem !== before.keyPem);
  assert.equal(cert.current!.notAfterMs, START + 90 * DAY_MS);
  assert.ok(cert.clientRoots.generation > generation);
  assert.deepEqual(cert.clientRoots.certificates, ca.bundle.roots);
  assert.equal(cert.current!.clientRootsPem, ca.bundle.rootCertsPem);
  const reasons = records.filter(({ event }) => event === "server_cert.changed")
    .map(({ fields }) => fields["reason"]);
  assert.ok(reasons.includes("the CA changed"), reasons.join());
});

Deno.test("Client roots follow the CA at once, even when the own certificate cannot be issued", async () => {
  await using it = await stage();
  // The order of the two is what matters: a withdrawn root must not stay in force for want of a certificate.
  const before = it.cert.current!;
  it.failure = new SignetError("ca.cert_gen_error", "Cannot sign certificate: the key is gone");
  const { ca } = it;
  const old = ca.bundle.roots;
  await replaceRoot(ca);
  await until(it.clock, "the failure", () => errors(it.records).length > 0);
  assert.equal(it.cert.current!.keyPem, before.keyPem);
  assert.deepEqual(it.cert.clientRoots.certificates, ca.bundle.roots);
  assert.notDeepEqual(it.cert.clientRoots.certificates, old);
});

/** Another set in the store of the CA that {@linkcode stage} made. */
async function replaceRoot(ca: Ca): Promise<void> {
  await STORES.get(ca)!.save(await mintSet({ nowMs: START, organization: "next" }));
  assert.equal(await ca.reload(), true);
}

const STORES = new WeakMap<Ca, ReturnType<typeof memoryCaStore>>();

Deno.test("Disposing it ends its timers and its work", async () => {
  const it = await stage();
  const { clock, cert } = it;
  let told = 0;
  cert.onChange(() => void told++);
  await it[Symbol.asyncDispose]();
  assert.equal(clock.waiting, 0);
  await pass(clock, 365 * DAY_MS);
  assert.equal(it.issued.length, 1);
  assert.equal(told, 0);
});
