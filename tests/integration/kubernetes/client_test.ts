/** The client of the Kubernetes API against a real API server: credentials, refusals, and copies of lists that survive what happens. */
import assert from "node:assert/strict";

import { systemClock } from "../../../lib/base/mod.ts";
import { LOOK_AT_FILES_MS } from "../../../lib/kube/client.ts";
import { MAX_LINE_CHARS } from "../../../lib/kube/json_lines.ts";
import {
  createReflector,
  type KubeClient,
  metaOf,
  openCluster,
  refusedStatus,
} from "../../../lib/kube/mod.ts";
import { startCutProxy } from "../../support/cut_proxy.ts";
import { startCluster, type TestCluster, writeKubeconfig } from "../../support/kubernetes.ts";
import { mustRun } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { tempDir } from "../../support/process.ts";
import { until } from "../../support/until.ts";

const PEERS = ["etcd", "kube-apiserver", "openssl"] as const;
const CLOCK = systemClock();
const CONFIGMAPS = "/api/v1/namespaces/default/configmaps";
const REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

async function clientOf(path: string, clock = CLOCK): Promise<KubeClient> {
  return (await openCluster({ kind: "kubeconfig", path }, { clock }))!.client;
}

/** Who the API server takes the client for. */
async function whoAmI(client: KubeClient): Promise<string> {
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const review = await client.request({ method: "POST", path: REVIEWS, body });
  return (review as { status: { userInfo: { username: string } } }).status.userInfo.username;
}

async function credentials(t: Deno.TestContext, cluster: TestCluster, openssl: string) {
  const { dir, url, caFile } = cluster;
  const server = { server: url, "certificate-authority": caFile };
  await t.step("a client certificate", async () => {
    const [cert, key] = [`${dir}/user-cert.pem`, `${dir}/user-key.pem`];
    await mustRun(openssl, [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-subj", "/O=people/CN=somebody", "-days", "1", "-out", cert, "-keyout", key],
      ...["-CA", cluster.clientCa.cert, "-CAkey", cluster.clientCa.key],
      ...["-addext", "extendedKeyUsage=clientAuth"],
    ]);
    const user = { "client-certificate": cert, "client-key": key };
    const path = await writeKubeconfig(`${dir}/by-certificate`, { cluster: server, user });
    using client = await clientOf(path);
    assert.equal(await whoAmI(client), "somebody");
  });
  await t.step("a token file that is rotated", async () => {
    const path = await writeKubeconfig(`${dir}/by-token-file`, {
      cluster: server,
      user: { tokenFile: "token" },
    });
    const own = { audiences: [] };
    await Deno.writeTextFile(`${dir}/token`, `${await cluster.token("default", "one", own)}\n`);
    let laterMs = 0;
    const clock = { ...CLOCK, monotonicMs: () => CLOCK.monotonicMs() + laterMs };
    using client = await clientOf(path, clock);
    assert.equal(await whoAmI(client), "system:serviceaccount:default:one");
    await Deno.writeTextFile(`${dir}/token`, await cluster.token("default", "two", own));
    laterMs += LOOK_AT_FILES_MS;
    assert.equal(await whoAmI(client), "system:serviceaccount:default:two");
    await Deno.writeTextFile(`${dir}/token`, "none");
    laterMs += LOOK_AT_FILES_MS;
    await assert.rejects(whoAmI(client), (thrown) => refusedStatus(thrown) === 401);
    await Deno.writeTextFile(`${dir}/token`, await cluster.token("default", "one", own));
    assert.equal(await whoAmI(client), "system:serviceaccount:default:one", "at once, by the 401");
  });
  await t.step("a server of another CA is not trusted", async () => {
    const other = { server: url, "certificate-authority": cluster.clientCa.cert };
    const path = await writeKubeconfig(`${dir}/other-ca`, { cluster: other, user: { token: "x" } });
    using client = await clientOf(path);
    await assert.rejects(whoAmI(client), { code: "kube.unavailable" });
  });
  await t.step("a refusal has its status and no credential", async () => {
    const path = await writeKubeconfig(`${dir}/bad-token`, {
      cluster: server,
      user: { token: "secret-of-mine" },
    });
    using client = await clientOf(path);
    await assert.rejects(whoAmI(client), (thrown: Error) => {
      assert.equal(refusedStatus(thrown), 401);
      assert.ok(!thrown.message.includes("secret-of-mine"));
      return true;
    });
  });
}

testWithPeers("the Kubernetes client against a real API server", PEERS, async (t, peers) => {
  await using cluster = await startCluster(peers);
  await cluster.createServiceAccount("default", "one");
  await cluster.createServiceAccount("default", "two");
  await credentials(t, cluster, peers.openssl);
  await using proxy = await startCutProxy(Number(new URL(cluster.url).port));
  const kubeconfig = await writeKubeconfig(`${cluster.dir}/by-proxy`, {
    cluster: {
      server: `https://127.0.0.1:${proxy.port}`,
      "certificate-authority": cluster.caFile,
    },
    user: { token: "admin-token" },
  });
  using client = await clientOf(kubeconfig);
  const seen: string[] = [];
  const failures: unknown[] = [];
  await using reflector = createReflector({
    path: CONFIGMAPS,
    keep: (object) => metaOf(object).resourceVersion,
    onChange: (key, kept) => void seen.push(`${kept === undefined ? "-" : "+"}${key}`),
    onFailure: (thrown) => void failures.push(thrown),
  }, { client, clock: CLOCK, random: Math.random });
  await reflector.synced;
  const create = (name: string) => cluster.api("POST", CONFIGMAPS, { metadata: { name } });
  const remove = (name: string) => cluster.api("DELETE", `${CONFIGMAPS}/${name}`);
  const whole = async () => {
    const { items } = await cluster.api("GET", CONFIGMAPS);
    await until("the copy is the list", () => {
      const same = items.length === reflector.objects.size &&
        items.every((item: { metadata: { name: string; resourceVersion: string } }) =>
          reflector.objects.get(`default/${item.metadata.name}`) === item.metadata.resourceVersion
        );
      return Promise.resolve(same || undefined);
    });
  };
  await t.step("50 forced disconnects, nothing missed", async () => {
    for (let round = 0; round < 50; round++) {
      const before = proxy.accepted;
      await create(`round-${round}`);
      if (round % 2 === 1) await remove(`round-${round - 1}`);
      proxy.cut();
      await until(
        "it is connected again",
        () => Promise.resolve(proxy.accepted > before || undefined),
      );
    }
    await whole();
    for (let round = 0; round < 50; round++) {
      assert.equal(seen.filter((one) => one === `+default/round-${round}`).length, 1);
      const gone = round % 2 === 0 ? 1 : 0;
      assert.equal(seen.filter((one) => one === `-default/round-${round}`).length, gone);
    }
  });
  await t.step("a version that the server has forgotten", async () => {
    proxy.cut({ refuse: true });
    await remove("round-1");
    await create("while-away");
    await cluster.stopApi();
    await cluster.compact();
    await cluster.startApi();
    const last = seen.length;
    proxy.mend();
    await until(
      "the change is seen",
      () => Promise.resolve(seen.includes("+default/while-away") || undefined),
    );
    await whole();
    assert.deepEqual(seen.slice(last).toSorted(), ["+default/while-away", "-default/round-1"]);
  });
  await t.step("an object of a megabyte", async () => {
    const data = { big: "x".repeat(1_000_000) };
    await cluster.api("POST", CONFIGMAPS, { metadata: { name: "big" }, data });
    await whole();
    assert.ok(MAX_LINE_CHARS > 1_000_000);
  });
  assert.ok(failures.length > 0, "the cuts were told");
});

Deno.test("the Kubernetes client gives up on a server that sends without end, or nothing", async (t) => {
  await using dir = await tempDir();
  const chunk = new TextEncoder().encode("x".repeat(1 << 20));
  const endless = () => new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
  const silence = Promise.withResolvers<Response>();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }) => {
      if (url.includes("silent")) return silence.promise;
      if (url.includes("moved")) return Response.redirect("http://127.0.0.1:1/", 307);
      return url.includes("text")
        ? new Response("<html>", { status: 200 })
        : new Response(endless());
    },
  );
  const path = await writeKubeconfig(`${dir.path}/config`, {
    cluster: { server: `http://127.0.0.1:${server.addr.port}` },
    user: { token: "t" },
  });
  using client = await clientOf(path);
  await t.step("an answer", async () => {
    await assert.rejects(client.request({ path: "/endless" }), {
      code: "kube.bad_answer",
      message: /more than 67108864 bytes/,
    });
  });
  await t.step("a line of a watch", async () => {
    const watched = Array.fromAsync(client.watch({ path: "/endless" }));
    await assert.rejects(watched, { code: "kube.bad_answer", message: /more than 16777216/ });
  });
  await t.step("an answer that is no JSON, and one that leads elsewhere", async () => {
    await assert.rejects(client.request({ path: "/text" }), { code: "kube.bad_answer" });
    await assert.rejects(client.request({ path: "/moved" }), { code: "kube.bad_answer" });
  });
  await t.step("no answer", async () => {
    await assert.rejects(client.request({ path: "/silent", timeoutMs: 50 }), {
      code: "kube.unavailable",
      message: /no answer within 50 ms/,
    });
    const stop = new AbortController();
    const asked = client.request({ path: "/silent", signal: stop.signal });
    stop.abort(new TypeError("enough"));
    await assert.rejects(asked, { name: "TypeError", message: "enough" });
  });
  silence.resolve(new Response());
});
