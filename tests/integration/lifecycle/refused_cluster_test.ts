import assert from "node:assert/strict";

import { tempDir } from "../../support/process.ts";
import { runSignet, startSignet } from "../../support/server.ts";

const EXEC = JSON.stringify({
  "current-context": "a",
  contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
  clusters: [{ name: "a", cluster: { server: "https://127.0.0.1:1" } }],
  users: [{ name: "a", user: { exec: { command: "aws" } } }],
});

Deno.test("a cluster that cannot be used ends the start with one line", async (t) => {
  await using dir = await tempDir();
  const kubeconfig = `${dir.path}/config`;
  await Deno.writeTextFile(kubeconfig, EXEC);
  const pod = { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: "1" };
  const rows: readonly (readonly [string, string[], Record<string, string>, RegExp])[] = [
    ["exec credentials", ["--kubeconfig", kubeconfig], {}, /has exec: signet may start no program/],
    [
      "no such file",
      ["--kubeconfig", "nowhere"],
      {},
      /Cannot read nowhere for the Kubernetes API: .*name another by --kubeconfig/,
    ],
    ["--registries without a cluster", ["--registries", "Kubernetes"], {}, /needs a cluster/],
    ["--registries without a token", ["--registries=Kubernetes"], pod, /serviceaccount\/token/],
  ];
  for (const [name, args, env, message] of rows) {
    await t.step(name, async () => {
      const listen = ["--httpAddr=127.0.0.1:0", "--monitoringAddr=", "--grpcAddr="];
      const all = ["discovery", ...listen, ...args, "--stateDir", `${dir.path}/state`];
      const ran = await runSignet(all, { cwd: dir.path, env });
      assert.equal(ran.code, 2, ran.stdout + ran.stderr);
      assert.match(ran.stderr, message);
      assert.equal(ran.stderr.trim().split("\n").length, 1);
    });
  }
});

Deno.test("a home folder's kubeconfig is not read, and a pod without a token has no cluster", async () => {
  await using dir = await tempDir();
  await Deno.mkdir(`${dir.path}/.kube`);
  await Deno.writeTextFile(`${dir.path}/.kube/config`, EXEC);
  const pod = { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: "1" };
  await using server = await startSignet({ env: { HOME: dir.path, ...pod } });
  assert.match(server.stdout(), /This pod has no service account token/);
});
