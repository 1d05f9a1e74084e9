import assert from "node:assert/strict";

import { discoveryOptions, variableNames } from "signet/config/mod.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run, tempDir } from "../../support/process.ts";

const FOLDER = new URL("../../../packaging/systemd/", import.meta.url).pathname;
const UNITS = ["signet.service", "signet-renew.service"];
/** Tenths: what cannot be had is the network, and a runtime that compiles. It was 1.1 when this was written. */
const MAX_EXPOSURE = "15";

testWithPeers(
  "systemd-analyze takes the units without a word",
  ["systemd-analyze"],
  async (_t, peers) => {
    await using root = await tempDir();
    for (const folder of ["usr/local/bin", "etc/systemd/system", "lib/systemd"]) {
      await Deno.mkdir(`${root.path}/${folder}`, { recursive: true });
    }
    await run("cp", ["-r", "/lib/systemd/system", `${root.path}/lib/systemd/`]);
    for (const unit of UNITS) {
      await Deno.copyFile(`${FOLDER}${unit}`, `${root.path}/etc/systemd/system/${unit}`);
    }
    const verify = () =>
      run(peers["systemd-analyze"], [
        ...["verify", "--man=no", `--root=${root.path}`, ...UNITS],
      ]);
    assert.match((await verify()).stderr, /\/usr\/local\/bin\/signet is not executable/);
    await Deno.writeTextFile(`${root.path}/usr/local/bin/signet`, "", { mode: 0o755 });
    const { code, stdout, stderr } = await verify();
    assert.equal(stdout + stderr, "");
    assert.equal(code, 0);
  },
);

testWithPeers(
  "systemd-analyze finds the services well closed",
  ["systemd-analyze"],
  async (_t, peers) => {
    for (const unit of UNITS) {
      const threshold = `--threshold=${MAX_EXPOSURE}`;
      const args = ["security", "--offline=true", threshold, "--no-pager", `${FOLDER}${unit}`];
      const { code, stdout, stderr } = await run(peers["systemd-analyze"], args);
      assert.equal(code, 0, stdout + stderr);
    }
  },
);

Deno.test("the environment file and the unit name variables and flags that signet has", async () => {
  const env = await Deno.readTextFile(`${FOLDER}signet.env`);
  const unit = await Deno.readTextFile(`${FOLDER}signet.service`);
  const known = [...variableNames(), "SIGNET_ARGS"];
  for (const [, name = ""] of env.matchAll(/^(?:# )?([A-Z][A-Z_]+)=/gm)) {
    assert.ok(known.includes(name), name);
  }
  for (const [, name = ""] of unit.matchAll(/^Environment=([A-Z_]+)=/gm)) {
    assert.ok(known.includes(name), name);
  }
  const flags = Object.values(discoveryOptions()).flatMap(({ flag }) => flag ?? []);
  for (const [, flag = ""] of env.matchAll(/ --([\w-]+)/g)) assert.ok(flags.includes(flag), flag);
});
