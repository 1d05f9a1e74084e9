import assert from "node:assert/strict";
import { selectProvider } from "signet/crypto/mod.ts";
import { loadServerCert, LOOK_AT_FILES_MS, type ServerCertConfig } from "signet/server_cert/mod.ts";
import { memoryCaStore } from "signet/store/mod.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { mintSet } from "../../support/minted_sets.ts";
import { tempDir } from "../../support/process.ts";
import { createTestCa } from "../../support/test_ca.ts";

const START = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

async function stage() {
  const dir = await tempDir();
  const clock = createFakeClock(START);
  const store = memoryCaStore(await mintSet({ nowMs: START, ttlMs: 4000 * DAY_MS }));
  const { ca, logger, records } = await createTestCa({ clock, store });
  const { provider: crypto } = await selectProvider("webcrypto");
  const until = async (what: string, happened: () => boolean) => {
    for (let turn = 0; turn < 20_000 && !happened(); turn++) await clock.advance(10);
    assert.ok(happened(), what);
  };
  const errors = () => records.filter(({ level }) => level === "error");
  const load = (config: Partial<ServerCertConfig>) =>
    loadServerCert({
      names: ["localhost"],
      ttlMs: 90 * DAY_MS,
      files: undefined,
      caCertFile: undefined,
      provider: "istiod",
      writeDirectory: undefined,
      ...config,
    }, { clock, crypto, logger, ca });
  /** Writes a pair of files for `localhost`, with a modification time that is a new one. */
  const writePair = async (name: string) => {
    const made = await ca.genKeyCert({
      hosts: ["localhost"],
      ttlMs: DAY_MS,
      checkLifetime: false,
      caller: "test",
    });
    await Deno.writeTextFile(`${dir.path}/${name}.crt`, made.certChainPem);
    await Deno.writeTextFile(`${dir.path}/${name}.key`, made.keyPem);
    return made;
  };
  return { dir, path: dir.path, clock, ca, errors, until, load, writePair };
}

Deno.test("the certificate's files are written for the owner alone, anew at each renewal", async () => {
  const { dir, path, clock, until, load } = await stage();
  await using _dir = dir;
  const writeDirectory = `${path}/secrets/istio-dns`;
  await using cert = await load({ writeDirectory });
  const read = (name: string) => Deno.readTextFileSync(`${writeDirectory}/${name}`);
  const mode = (file: string) => (Deno.statSync(file).mode ?? 0) & 0o777;
  const first = cert.current!;
  assert.equal(read("key.pem"), first.keyPem);
  assert.equal(read("cert-chain.pem"), first.certChainPem);
  assert.equal(mode(writeDirectory), 0o700);
  assert.equal(mode(`${writeDirectory}/key.pem`), 0o600);
  assert.equal(mode(`${writeDirectory}/cert-chain.pem`), 0o600);
  clock.jump(46 * DAY_MS);
  await clock.advance(60_000);
  await until("a renewal", () => cert.current !== first);
  await until("written", () => read("cert-chain.pem") === cert.current!.certChainPem);
  assert.equal(read("key.pem"), cert.current!.keyPem);
  const names = (await Array.fromAsync(Deno.readDir(writeDirectory))).map(({ name }) => name)
    .sort();
  assert.deepEqual(names, ["cert-chain.pem", "key.pem"]);
});

Deno.test("a link that somebody planted beside the certificate's files is not written through", async () => {
  const { dir, path, load } = await stage();
  await using _dir = dir;
  const writeDirectory = `${path}/istio-dns`;
  await Deno.mkdir(writeDirectory);
  const victims = ["key.pem", "key.pem.new", "cert-chain.pem", "cert-chain.pem.new"];
  for (const name of victims) {
    await Deno.writeTextFile(`${path}/victim-${name}`, "mine");
    await Deno.symlink(`${path}/victim-${name}`, `${writeDirectory}/${name}`);
  }
  await using cert = await load({ writeDirectory });
  for (const name of victims) {
    assert.equal(await Deno.readTextFile(`${path}/victim-${name}`), "mine", name);
  }
  const written = await Deno.lstat(`${writeDirectory}/key.pem`);
  assert.ok(written.isFile && (written.mode! & 0o777) === 0o600);
  assert.equal(await Deno.readTextFile(`${writeDirectory}/key.pem`), cert.current!.keyPem);
});

Deno.test("a renewed certificate is served even where it cannot be written any more", async () => {
  const { dir, path, clock, errors, until, load } = await stage();
  await using _dir = dir;
  const writeDirectory = `${path}/istio-dns`;
  await using cert = await load({ writeDirectory });
  const first = cert.current!;
  await Deno.remove(writeDirectory, { recursive: true });
  await Deno.writeTextFile(writeDirectory, "a file where the folder was");
  clock.jump(46 * DAY_MS);
  await clock.advance(60_000);
  await until("a renewal", () => cert.current !== first);
  await until("a record", () => errors().length > 0);
  assert.match(errors()[0]!.message, /it is served all the same/);
  assert.ok(cert.current!.notAfterMs > first.notAfterMs);
});

Deno.test("a start that cannot write says so and how to go on without", async () => {
  const { dir, path, load } = await stage();
  await using _dir = dir;
  await Deno.writeTextFile(`${path}/file`, "");
  await assert.rejects(
    load({ writeDirectory: `${path}/file/istio-dns` }),
    /Cannot write the serving certificate .*--writeServerCertFiles=false/,
  );
});

Deno.test("a file that cannot be used keeps what was read of it alone; the other file counts", async (t) => {
  const { dir, path, clock, ca, errors, until, load, writePair } = await stage();
  await using _dir = dir;
  const extra = await mintSet({ nowMs: START, organization: "extra" });
  const other = await mintSet({ nowMs: START, organization: "other", ttlMs: 30 * DAY_MS });
  const caCertFile = `${path}/roots.pem`;
  await Deno.writeTextFile(caCertFile, extra.caCertPem);
  const pair = await writePair("tls");
  const files = { certFile: `${path}/tls.crt`, keyFile: `${path}/tls.key` };
  await using cert = await load({ files, caCertFile });
  const look = async (what: string, happened: () => boolean) => {
    await clock.advance(LOOK_AT_FILES_MS);
    await until(what, happened);
  };
  assert.equal(cert.source, "files");
  assert.equal(cert.current!.clientRootsPem, ca.bundle.rootCertsPem + extra.caCertPem);
  await t.step("a root is withdrawn while the certificate's file is broken", async () => {
    await Deno.writeTextFile(files.certFile, "rubbish");
    await Deno.writeTextFile(caCertFile, other.caCertPem + "\n");
    await look(
      "other roots",
      () => cert.current!.clientRootsPem === ca.bundle.rootCertsPem + other.caCertPem,
    );
    assert.equal(cert.current!.certChainPem, pair.certChainPem);
    await until("a record", () => errors().length === 1);
  });
  await t.step("the certificate is replaced while the roots' file is broken", async () => {
    await Deno.writeTextFile(caCertFile, "rubbish");
    const next = await writePair("tls");
    await look("another certificate", () => cert.current!.certChainPem === next.certChainPem);
    assert.equal(cert.current!.clientRootsPem, ca.bundle.rootCertsPem + other.caCertPem);
  });
  await t.step("a key of another certificate is refused, and the pair stays", async () => {
    const { keyPem } = cert.current!;
    const before = errors().length;
    const stranger = await writePair("stranger");
    await Deno.writeTextFile(files.keyFile, `${stranger.keyPem}\n`);
    await look("a record", () => errors().length > before);
    assert.equal(cert.current!.keyPem, keyPem);
  });
});
