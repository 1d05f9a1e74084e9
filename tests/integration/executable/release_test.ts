import assert from "node:assert/strict";

import { permissionFlags } from "../../../scripts/permissions.ts";
import { run } from "../../support/process.ts";
import { runsExecutable, runSignet } from "../../support/server.ts";

const only = { ignore: !runsExecutable() };
const ROOT = new URL("../../../", import.meta.url).pathname;
const executable = () => Deno.env.get("SIGNET_EXECUTABLE") ?? "";

async function versionOfManifest(): Promise<string> {
  return JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)).version;
}

Deno.test("--version, the version command, deno.json, the changelog and a tag agree", async () => {
  const version = await versionOfManifest();
  const pattern = new RegExp(`^${version.replaceAll(".", "\\.")}-[0-9a-z]+-[A-Za-z]+\\n$`);
  for (const args of [["--version"], ["version"]]) {
    const { code, stdout, stderr } = await runSignet(args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, pattern);
  }
  const changelog = await Deno.readTextFile(`${ROOT}CHANGELOG.md`);
  assert.equal(/^## (\S+)/m.exec(changelog)?.[1], version);
  const { stdout: tags } = await run("git", ["-C", ROOT, "tag", "--points-at", "HEAD", "v*"]);
  for (const tag of tags.split("\n").filter(Boolean)) assert.equal(tag, `v${version}`);
});

Deno.test(
  "the checksum, the list of contents and the permissions are those of the executable",
  only,
  async () => {
    const path = executable();
    const sum = await run("sha256sum", ["--check", "--strict", "signet.sha256"], {
      cwd: path.replace(/\/[^/]+$/, ""),
    });
    assert.equal(sum.code, 0, sum.stderr);
    const digest = (await Deno.readTextFile(`${path}.sha256`)).split(" ")[0];
    const sbom = JSON.parse(await Deno.readTextFile(`${path}.cdx.json`));
    assert.equal(sbom.metadata.component.version, await versionOfManifest());
    assert.equal(sbom.metadata.component.hashes[0].content, digest);
    const { npm } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.lock`));
    const libraries = sbom.components.filter(({ purl }: { purl?: string }) => purl !== undefined);
    assert.ok(libraries.length > 0);
    for (const { name, version } of libraries) {
      const locked = Object.keys(npm).some((key) => `${key}_`.startsWith(`${name}@${version}_`));
      assert.ok(locked, `${name}@${version}`);
    }
    const permissions = await Deno.readTextFile(`${ROOT}dist/permissions.txt`);
    assert.equal(permissions, `${permissionFlags().join("\n")}\n`);
  },
);
