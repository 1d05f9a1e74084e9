/** `/inject` of a running server: an injector's folder, reviews over HTTPS, patches that make a sidecar of what they are for. */
import assert from "node:assert/strict";
import { OPTIONS } from "signet/config/mod.ts";
import { builtinTexts } from "signet/inject/builtin_template.ts";
import { writeFiles } from "../../support/ca_sets.ts";
import { applyPatch } from "../../support/json_patch.ts";
import { tempDir } from "../../support/process.ts";
import { runSignet, type SignetServer, startSignet } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "shop", labels: { app: "web" } },
  spec: {
    containers: [{
      name: "app",
      image: "example.org/web:1",
      readinessProbe: { httpGet: { path: "/", port: 8080 } },
    }],
  },
};

interface Answer {
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly patch?: string;
    readonly patchType?: string;
    readonly status?: { readonly message: string };
  };
}

interface Injected {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly containers: readonly {
      readonly name: string;
      readonly image: string;
      readonly env: readonly { readonly name: string; readonly value?: string }[];
    }[];
  };
}

async function review(server: SignetServer, pod: unknown, path = ""): Promise<Answer["response"]> {
  const { rootFile, ports } = server;
  using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(rootFile)] });
  const answer = await fetch(`https://localhost:${ports.https}/inject${path}?timeout=10s`, {
    client,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      request: { uid: "u-1", operation: "CREATE", namespace: "shop", object: pod },
    }),
  });
  return (await answer.json() as Answer).response;
}

function patched(pod: unknown, { allowed, patch = "", patchType }: Answer["response"]): Injected {
  assert.deepEqual([allowed, patchType], [true, "JSONPatch"]);
  const operations = JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(patch)));
  return applyPatch(pod, operations) as Injected;
}

Deno.test("a server with an injector's folder gives pods sidecars, and takes up what the folder says next", async () => {
  await using dir = await tempDir();
  const folder = `${dir.path}/inject`;
  await writeFiles(folder, { ...builtinTexts({ image: "example.org/p:1", clusterName: "k" }) });
  await using server = await startSignet({ args: ["--injectDir", folder] });
  const { metadata, spec } = patched(POD, await review(server, POD, "/net/n1"));
  assert.equal(metadata.labels["topology.istio.io/network"], "n1");
  const proxy = spec.containers.find(({ name }) => name === "istio-proxy");
  assert.equal(proxy?.image, "example.org/p:1");
  const value = (name: string) => proxy?.env.find((each) => each.name === name)?.value;
  assert.equal(value("TRUST_DOMAIN"), "cluster.local");
  assert.equal(
    value("ISTIO_KUBE_APP_PROBERS"),
    '{"/app-health/app/readyz":{"httpGet":{"path":"/","port":8080}}}',
  );
  const { metadata: { labels }, ...rest } = POD;
  const left = { ...rest, metadata: { labels: { ...labels, "sidecar.istio.io/inject": "false" } } };
  assert.deepEqual(await review(server, left), { uid: "u-1", allowed: true });
  const odd = { ...POD, metadata: { annotations: { "inject.istio.io/templates": "zz" } } };
  const refused = await review(server, odd);
  assert.deepEqual(
    refused.status?.message,
    'failed to run injection template: requested template "zz" not found; have sidecar',
  );
  await writeFiles(folder, {
    config: "policy: enabled\ntemplates:\n  sidecar: 'metadata: {labels: {by: hand}}'\n",
  });
  await until("the new template is in force", async () => {
    const { metadata } = patched(POD, await review(server, POD));
    return metadata.labels["by"];
  });
  const metrics = await (await fetch(`http://localhost:${server.ports.monitoring}/metrics`)).text();
  assert.match(metrics, /^sidecar_injection_skip_total 1$/m);
  assert.match(metrics, /^sidecar_injection_failure_total 1$/m);
});

Deno.test("a server does not start over an injector's folder that it cannot use", async () => {
  await using dir = await tempDir();
  await writeFiles(`${dir.path}/inject`, { config: "templates: {a: '{{ if }}'}", values: "{}" });
  const addresses = Object.values(OPTIONS).filter(({ kind }) => kind === "address")
    .flatMap(({ flag }) => [`--${flag}`, "127.0.0.1:0"]);
  const args = ["discovery", "--injectDir", `${dir.path}/inject`, ...addresses];
  const env = { DNS_ADDR: "127.0.0.1:0" };
  const { code, stderr } = await runSignet(args, { cwd: dir.path, env });
  assert.notEqual(code, 0);
  assert.match(stderr, /Cannot use the injector's configuration: template "a": template: inject:1/);
});
