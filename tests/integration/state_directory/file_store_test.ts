// The state directory on a real disk: sets, the link, the lock, and what a kill or a stranger may leave behind.
import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import { type CaSet, fileCaStore, lockStateDirectory } from "signet/store/mod.ts";

function set(name: string): CaSet {
  return {
    caCertPem: `${name} cert`,
    caKeyPem: `${name} key`,
    rootCertPem: `${name} root`,
    certChainPem: "",
  };
}

async function withDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function mode(path: string): number {
  return (Deno.statSync(path).mode ?? 0) & 0o777;
}

Deno.test("fileCaStore() loads what was saved last and keeps the set before", () =>
  withDirectory(async (directory) => {
    const store = fileCaStore(directory);
    assert.equal(await store.load(), undefined);
    for (const name of ["one", "two", "three"]) await store.save(set(name));
    assert.deepEqual(await store.load(), set("three"));
    const folders = (await Array.fromAsync(Deno.readDir(`${directory}/ca`))).map((entry) =>
      entry.name
    ).sort();
    assert.deepEqual(folders, ["2", "3", "current"]);
    assert.equal(await Deno.readTextFile(`${directory}/ca/2/ca-key.pem`), "two key");
  }));

Deno.test("fileCaStore() writes folders 0700 and files 0600", () =>
  withDirectory(async (directory) => {
    await fileCaStore(directory).save(set("one"));
    assert.equal(mode(`${directory}/ca`), 0o700);
    assert.equal(mode(`${directory}/ca/1`), 0o700);
    for (const file of ["ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem"]) {
      assert.equal(mode(`${directory}/ca/1/${file}`), 0o600, file);
    }
  }));

Deno.test("fileCaStore() steps over folders that a kill left half written", () =>
  withDirectory(async (directory) => {
    const store = fileCaStore(directory);
    await store.save(set("one"));
    await Deno.mkdir(`${directory}/ca/2`);
    await Deno.writeTextFile(`${directory}/ca/2/ca-cert.pem`, "half");
    await Deno.symlink("2", `${directory}/ca/current.new`);
    assert.deepEqual(await store.load(), set("one"));
    await store.save(set("two"));
    assert.deepEqual(await store.load(), set("two"));
    const folders = (await Array.fromAsync(Deno.readDir(`${directory}/ca`))).map((entry) =>
      entry.name
    ).sort();
    assert.deepEqual(folders, ["1", "3", "current"]);
  }));

Deno.test("fileCaStore() refuses what is not a state directory of its own version", async (t) => {
  const rows: readonly (readonly [string, (directory: string) => void, string])[] = [
    [
      "a later version",
      (d) => Deno.writeTextFileSync(`${d}/VERSION`, "2\n"),
      "store.later_version",
    ],
    [
      "a version that is no number",
      (d) => Deno.writeTextFileSync(`${d}/VERSION`, "two"),
      "store.corrupt",
    ],
    ["a missing file", (d) => Deno.removeSync(`${d}/ca/1/ca-key.pem`), "store.incomplete"],
    ["a link out of the directory", (d) => {
      Deno.removeSync(`${d}/ca/current`);
      Deno.symlinkSync("/etc", `${d}/ca/current`);
    }, "store.corrupt"],
    [
      "a file too large",
      (d) => Deno.writeTextFileSync(`${d}/ca/1/ca-cert.pem`, "x".repeat(2 << 20)),
      "store.corrupt",
    ],
  ];
  for (const [name, spoil, code] of rows) {
    await t.step(name, () =>
      withDirectory(async (directory) => {
        const store = fileCaStore(directory);
        await store.save(set("one"));
        spoil(directory);
        await assert.rejects(() => store.load(), (thrown) =>
          isSignetError(thrown) && thrown.code === code);
      }));
  }
});

Deno.test("lockStateDirectory() is refused while another holds it, and free again afterwards", () =>
  withDirectory(async (directory) => {
    const nested = `${directory}/a/b`;
    {
      using lock = await lockStateDirectory(nested);
      assert.equal(lock.directory, await Deno.realPath(nested));
      assert.equal(mode(nested), 0o700);
      await assert.rejects(
        () => lockStateDirectory(nested),
        (thrown) => isSignetError(thrown, "store.locked"),
      );
    }
    using again = await lockStateDirectory(nested);
    assert.equal(await Deno.readTextFile(`${again.directory}/VERSION`), "1\n");
  }));

Deno.test("fileCaStore() revision changes with every save", () =>
  withDirectory(async (directory) => {
    const store = fileCaStore(directory);
    assert.equal(await store.revision(), undefined);
    await store.save(set("one"));
    const first = await store.revision();
    await store.save(set("two"));
    assert.notEqual(await store.revision(), first);
  }));
