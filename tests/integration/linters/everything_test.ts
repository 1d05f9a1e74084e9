import assert from "node:assert/strict";

import { testWithPeers } from "../../support/peers.ts";
import { run, tempDir } from "../../support/process.ts";
import { providerOf } from "../../support/providers.ts";
import { issueEverything } from "./issuable.ts";
import { judge, pkilint, zlint } from "./lint.ts";

testWithPeers(
  "zlint and pkilint find nothing in leaves of every key under every CA, nor in its root and its own certificate",
  ["zlint", "python", "openssl"],
  async (t, peers) => {
    await using dir = await tempDir();
    const { openssl } = peers;
    const crypto = providerOf("openssl");
    await judge(t, peers, await issueEverything(dir.path, { crypto, openssl }));
  },
);

testWithPeers(
  "zlint and pkilint do find what is wrong",
  ["zlint", "python", "openssl"],
  async (_t, { zlint: program, python, openssl }) => {
    await using dir = await tempDir();
    const path = `${dir.path}/bad.pem`;
    const made = await run(openssl, [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-keyout", "/dev/null", "-out", path, "-subj", "/", "-set_serial", "0"],
      ...["-addext", "subjectAltName=DNS:a_b..example", "-addext", "keyUsage=keyCertSign"],
    ]);
    assert.equal(made.code, 0, made.stderr);
    assert.notDeepEqual((await zlint(program, [path])).get(path), []);
    assert.notDeepEqual((await pkilint(python, [path])).get(path), []);
  },
);
