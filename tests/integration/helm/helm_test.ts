import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";

import { describePermission, type PermissionScope, serverPermissions } from "signet/kube/mod.ts";
import { configurationNames } from "signet/webhook/mod.ts";
import { manifestOptions } from "../../../scripts/helm.ts";
import { grantedBy } from "../../support/granted.ts";
import type { KubeDocument } from "../../support/kubernetes.ts";
import { readManifests } from "../../support/manifests.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";

const CHART = new URL("../../../packaging/helm/signet", import.meta.url).pathname;
const NAMESPACE = "istio-system";
/** The permissions that the chart's defaults need. */
const DEFAULTS: PermissionScope = {
  namespace: NAMESPACE,
  ownsCa: true,
  useCacerts: false,
  electsLeader: true,
  configMaps: ["istio-ca-root-cert", "istio-ca-crl"],
  meshConfigMaps: ["istio"],
  selectsNamespaces: false,
  injectConfigMap: "istio-sidecar-injector",
  signers: [],
  webhooks: configurationNames({ revision: "default", namespace: NAMESPACE }),
  trustBundle: false,
  remoteClustersNamespace: undefined,
  remoteCerts: false,
};

function template(helm: string, args: readonly string[] = []) {
  return run(helm, ["template", "signet", CHART, "--namespace", NAMESPACE, ...args]);
}

async function render(helm: string, args: readonly string[] = []): Promise<KubeDocument[]> {
  const { code, stdout, stderr } = await template(helm, args);
  assert.equal(code, 0, stderr);
  return parseAllDocuments(stdout).map((document) => document.toJS())
    .filter((object) => object !== null);
}

function sorted(objects: readonly KubeDocument[]): readonly KubeDocument[] {
  const key = ({ kind, metadata: { name } }: KubeDocument) => `${kind}/${name}`;
  return objects.toSorted((a, b) => key(a) < key(b) ? -1 : 1);
}

testWithPeers(
  "helm finds nothing to complain of in the chart, and no value that it does not know is taken",
  [
    "helm",
  ],
  async (t, { helm }) => {
    const lint = await run(helm, ["lint", "--strict", CHART]);
    assert.equal(lint.code, 0, lint.stdout + lint.stderr);
    const wrong: Readonly<Record<string, readonly [string, RegExp]>> = {
      "a misspelt value": ["replica=3", /replica/],
      "no replica": ["replicas=0", /replicas/],
      "a variable that the permissions depend on": [
        "env.USE_CACERTS_FOR_SELF_SIGNED_CA=true",
        /USE_CACERTS_FOR_SELF_SIGNED_CA/,
      ],
    };
    for (const [name, [value, message]] of Object.entries(wrong)) {
      await t.step(name, async () => {
        const { code, stderr } = await template(helm, ["--set-string", value]);
        assert.notEqual(code, 0);
        assert.match(stderr, message);
      });
    }
  },
);

testWithPeers("the chart by default is what kubectl apply --kustomize makes", [
  "helm",
], async (_t, { helm }) => {
  const wanted = structuredClone(
    (await readManifests()).filter(({ kind }) => kind !== "Namespace"),
  );
  for (const { kind, spec } of wanted) {
    if (kind !== "Deployment") continue;
    for (const container of spec.template.spec.containers) {
      container.image = `${container.image}:0.1.0`; // which the kustomization says, too
      container.imagePullPolicy = "IfNotPresent";
    }
    for (const { secret } of spec.template.spec.volumes) {
      if (secret !== undefined) assert.equal(secret.optional, true);
    }
  }
  assert.deepEqual(sorted(await render(helm)), sorted(wanted));
});

testWithPeers("each option of the manifests is a value of the chart", [
  "helm",
], async (t, { helm }) => {
  const ids = (objects: readonly KubeDocument[]) =>
    sorted(objects).map(({ kind, metadata: { name } }) => `${kind}/${name}`);
  for (const name of await manifestOptions()) {
    await t.step(name, async () => {
      const value = name === "signers" ? "signers={signers.example.com/*}" : `options.${name}=true`;
      const rendered = await render(helm, ["--set", value]);
      const wanted = (await readManifests([name])).filter(({ kind }) => kind !== "Namespace");
      assert.deepEqual(ids(rendered), ids(wanted));
      assert.deepEqual(grantedBy(rendered), grantedBy(wanted));
    });
  }
  await t.step("one that is not there is refused", async () => {
    const { code, stderr } = await template(helm, ["--set", "options.nothing=true"]);
    assert.notEqual(code, 0);
    assert.match(stderr, /options\.nothing: there is no such option/);
  });
});

testWithPeers("the chart grants exactly what signet does with its values", [
  "helm",
], async (t, { helm }) => {
  const rows: Readonly<Record<string, readonly [readonly string[], Partial<PermissionScope>]>> = {
    "defaults": [[], {}],
    "a plugged-in CA": [["--set", "ca.pluggedIn=true"], { ownsCa: false }],
    "the CA in Secret cacerts": [["--set", "ca.useCacerts=true"], { useCacerts: true }],
    "other ConfigMaps": [
      ["--set", "rootConfigMap=roots,crlConfigMap=lists"],
      { configMaps: ["roots", "lists"] },
    ],
    "a revision and a shared mesh config": [
      ["--set", "revision=canary,sharedMeshConfig=shared"],
      {
        meshConfigMaps: ["istio-canary", "shared"],
        injectConfigMap: "istio-sidecar-injector-canary",
        webhooks: configurationNames({ revision: "canary", namespace: NAMESPACE }),
      },
    ],
    "the revision that is none": [["--set", "revision=default"], {}],
    "signers": [["--set", "signers={a.example/*,b.example/c}"], {
      signers: ["a.example/*", "b.example/c"],
    }],
    "another namespace": [["--namespace", "mesh"], {
      namespace: "mesh",
      webhooks: configurationNames({ revision: "default", namespace: "mesh" }),
    }],
  };
  for (const [name, [args, scope]] of Object.entries(rows)) {
    await t.step(name, async () => {
      const wanted = serverPermissions({ ...DEFAULTS, ...scope }).map(describePermission);
      assert.deepEqual(grantedBy(await render(helm, args)), wanted.toSorted());
    });
  }
});

testWithPeers(
  "the chart's values are what the server is started with",
  ["helm"],
  async (_t, { helm }) => {
    const objects = await render(helm, [
      ...["--set", "replicas=3,image.repository=registry.example/signet,image.tag=v9"],
      ...["--set", "ca.pluggedIn=true,ca.useCacerts=true,rootConfigMap=roots"],
      ...["--set", "args={--log_output_level=ca:debug},env.MAX_WORKLOAD_CERT_TTL=48h"],
      ...["--set", "resources.requests.cpu=1,resources.limits.memory=1Gi"],
    ]);
    const { spec } = objects.find(({ kind }) => kind === "Deployment")!;
    const pod = spec.template.spec;
    const [container] = pod.containers;
    assert.equal(spec.replicas, 3);
    assert.equal(container.image, "registry.example/signet:v9");
    assert.deepEqual(container.args.slice(-2), ["--log_as_json", "--log_output_level=ca:debug"]);
    const variables =
      (container.env as readonly { readonly name: string; readonly value?: string }[])
        .flatMap(({ name, value }) => value === undefined ? [] : [[name, value]]);
    assert.deepEqual(Object.fromEntries(variables), {
      USE_CACERTS_FOR_SELF_SIGNED_CA: "true",
      PILOT_CA_CERT_CONFIGMAP: "roots",
      MAX_WORKLOAD_CERT_TTL: "48h",
    });
    assert.deepEqual(container.resources, {
      limits: { memory: "1Gi" },
      requests: { cpu: 1, memory: "192Mi" },
    });
    const secrets = (pod.volumes as readonly { readonly secret?: { readonly optional: boolean } }[])
      .flatMap(({ secret }) => secret === undefined ? [] : [secret.optional]);
    assert.deepEqual(secrets, [false]);
  },
);
