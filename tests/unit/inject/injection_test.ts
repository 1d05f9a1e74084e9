import assert from "node:assert/strict";
import { BUILTIN_TEMPLATE, builtinTexts } from "signet/inject/builtin_template.ts";
import { isDraft } from "signet/inject/document.ts";
import { structJson } from "signet/inject/go_json.ts";
import { injectInto } from "signet/inject/injection.ts";
import { readInjectMesh } from "signet/inject/mesh.ts";
import type { InjectOutcome } from "signet/inject/port.ts";
import { POD } from "signet/inject/pod_types.ts";
import { readSettings } from "signet/inject/settings.ts";
import { createState } from "signet/inject/state.ts";
import { container, type Doc, pod } from "../../integration/istio/injection_rows.ts";
import { applyPatch } from "../../support/json_patch.ts";
import { builtinQuestion, RECORDED_ROWS } from "../../vectors/inject/rows.ts";

interface Recorded {
  readonly name: string;
  readonly patched?: Doc;
  readonly error?: string;
}

const RECORDED = JSON.parse(
  await Deno.readTextFile(new URL("../../vectors/inject/pods.json", import.meta.url)),
) as readonly Recorded[];
const TEXTS = builtinTexts({ image: "example.org/proxyv2:1", clusterName: "Kubernetes" });

function stateOf(
  texts = TEXTS,
  options: { mesh?: string; revision?: string; native?: boolean } = {},
) {
  return createState(
    readSettings(texts.config, texts.values),
    readInjectMesh([options.mesh ?? ""], ""),
    { revision: options.revision ?? "", nativeSidecars: options.native ?? false },
  );
}

const STATE = stateOf();

function inject(subject: unknown, state = STATE, path = ""): InjectOutcome {
  const { outcome, defect } = injectInto({
    pod: subject as Doc,
    namespace: "shop",
    path,
    dryRun: false,
  }, state);
  if (defect !== undefined) throw defect;
  return outcome;
}

function patched(subject: unknown, state = STATE): Doc {
  const outcome = inject(subject, state);
  if (outcome.kind !== "patched") assert.fail(JSON.stringify(outcome));
  return applyPatch(subject, outcome.patch) as Doc;
}

/** A pod in the form in which it was recorded: without what Go leaves out. */
function recordedForm(subject: Doc): unknown {
  const { status: _status, ...rest } = subject;
  return JSON.parse(structJson(POD, rest));
}

Deno.test("signet's own template makes of every pod what Istio's webhook makes of it with that template", async (t) => {
  assert.equal(RECORDED.length, RECORDED_ROWS.length, "see tests/vectors/inject/README.md");
  for (const [at, row] of RECORDED_ROWS.entries()) {
    await t.step(row.name, () => {
      const expected = RECORDED[at]!;
      assert.equal(expected.name, row.name, "see tests/vectors/inject/README.md");
      const { meshConfig: mesh, revision, native, path, namespace, config, values } =
        builtinQuestion(row);
      const { outcome } = injectInto(
        { pod: row.pod, namespace, path, dryRun: false },
        stateOf({ config, values }, { mesh, revision, native }),
      );
      if (expected.error !== undefined) {
        assert.deepEqual(outcome, { kind: "failed", message: expected.error });
      } else if (expected.patched === undefined) assert.deepEqual(outcome, { kind: "skipped" });
      else {
        if (outcome.kind !== "patched") assert.fail(JSON.stringify(outcome));
        const after = applyPatch(row.pod, outcome.patch) as Doc;
        assert.deepEqual(recordedForm(after), recordedForm(expected.patched));
      }
    });
  }
});

/** What the last lines of Istio's own sidecar say that an agent needs. */
const VARIABLES = [
  ...["PILOT_CERT_PROVIDER", "CA_ADDR", "POD_NAME", "POD_NAMESPACE", "INSTANCE_IP"],
  ...["SERVICE_ACCOUNT", "HOST_IP", "ISTIO_CPU_LIMIT", "PROXY_CONFIG", "ISTIO_META_POD_PORTS"],
  ...["ISTIO_META_APP_CONTAINERS", "GOMEMLIMIT", "GOMAXPROCS"],
  ...["ISTIO_META_NODE_NAME", "ISTIO_META_INTERCEPTION_MODE", "ISTIO_META_WORKLOAD_NAME"],
  ...["ISTIO_META_OWNER", "ISTIO_META_MESH_ID", "TRUST_DOMAIN"],
  "ISTIO_META_CLUSTER_ID",
];
const MOUNTS = {
  "/var/run/secrets/workload-spiffe-uds": "workload-socket",
  "/var/run/secrets/credential-uds": "credential-socket",
  "/var/run/secrets/workload-spiffe-credentials": "workload-certs",
  "/var/run/secrets/istio": "istiod-ca-cert",
  "/var/run/secrets/istio/crl": "istio-ca-crl",
  "/var/lib/istio/data": "istio-data",
  "/etc/istio/proxy": "istio-envoy",
  "/var/run/secrets/tokens": "istio-token",
  "/etc/istio/pod": "istio-podinfo",
};

interface Proxy {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}
interface Spec {
  readonly containers: readonly Proxy[];
  readonly initContainers?: readonly Proxy[];
  readonly volumes: readonly { readonly name: string }[];
}

Deno.test("signet's own template gives an agent every variable, mount and volume that it needs", () => {
  const { spec } = patched(pod()) as { readonly spec: Spec };
  const proxy = spec.containers.find(({ name }) => name === "istio-proxy")!;
  assert.deepEqual(proxy.env.map(({ name }) => name), VARIABLES);
  const mounts = proxy.volumeMounts.map(({ mountPath, name }) => [mountPath, name]);
  assert.deepEqual(Object.fromEntries(mounts), MOUNTS);
  const volumes = new Set(spec.volumes.map(({ name }) => name));
  for (const name of Object.values(MOUNTS)) assert.ok(volumes.has(name), name);
  assert.deepEqual(proxy.args, [
    ...["proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local"],
    ...["--proxyLogLevel=warning", "--proxyComponentLogLevel=misc:error"],
    "--log_output_level=default:info",
  ]);
});

Deno.test("a pod that is injected again stays as it is", async (t) => {
  const native = { "sidecar.istio.io/nativeSidecar": "true" };
  const subjects: Readonly<Record<string, Doc>> = {
    plain: pod(),
    native: pod({ annotations: native, containers: [{ name: "app", image: "i" }] }),
    "a limit of its own": pod({
      annotations: { ...native, "sidecar.istio.io/proxyCPULimit": "500m" },
    }),
    probes: pod({
      containers: [container({ readinessProbe: { httpGet: { path: "/", port: "http" } } })],
    }),
    metrics: pod({ annotations: { "prometheus.io/port": "8080" } }),
    "a proxy of the author": pod({
      containers: [container(), {
        name: "istio-proxy",
        image: "auto",
        env: [{ name: "A", value: "b" }],
      }],
    }),
  };
  for (const [name, subject] of Object.entries(subjects)) {
    await t.step(name, () => {
      const once = patched(subject);
      assert.deepEqual(recordedForm(patched(once)), recordedForm(once));
    });
  }
});

Deno.test("an injection takes hostile pods for what they are", async (t) => {
  const nested = (levels: number): unknown => {
    let value: unknown = {};
    for (let level = 0; level < levels; level++) value = { a: value };
    return value;
  };
  await t.step("deep nesting", () => {
    const outcome = inject(pod({ spec: { unknown: nested(10_000) } }));
    assert.deepEqual(outcome, {
      kind: "failed",
      message: "Cannot inject into the pod: it nests deeper than 100",
    });
  });
  await t.step("six megabytes", () => {
    const env = Array.from({ length: 60_000 }, (_, at) => ({ name: `V${at}`, value: "x" }));
    const message = "Cannot inject into the pod: it has more than 50000 values";
    const outcome = inject(pod({ containers: [container({ env })] }));
    assert.deepEqual(outcome, { kind: "failed", message });
    const large = [
      container({ env: env.slice(0, 15_000) }),
      container({ name: "b", args: ["x".repeat(5 << 20)] }),
    ];
    assert.equal(inject(pod({ containers: large })).kind, "patched");
    const managedFields = Array.from({ length: 60_000 }, () => ({ manager: "m", fieldsV1: {} }));
    const managed = inject(pod({ meta: { managedFields } }));
    if (managed.kind !== "patched") assert.fail(JSON.stringify(managed));
    assert.ok(!JSON.stringify(managed.patch).includes("managedFields"));
  });
  await t.step("huge annotations", () => {
    for (const text of ["a: ".repeat(90_000), "[".repeat(262_144), "a".repeat(300_000)]) {
      const outcome = inject(pod({ annotations: { "proxy.istio.io/config": text } }));
      assert.equal(outcome.kind, "failed", text.slice(0, 20));
    }
    for (const name of ["sidecar.istio.io/status", "proxy.istio.io/overrides"]) {
      const outcome = inject(pod({ annotations: { [name]: "[".repeat(200_000) } }));
      assert.notEqual(outcome.kind, "skipped");
    }
  });
  await t.step("names of prototypes", () => {
    const text = `{"metadata":{"name":"x","labels":{"__proto__":"p","constructor":"c"},
      "annotations":{"__proto__":"p","toString":"t"},"__proto__":{"a":1}},
      "spec":{"containers":[{"name":"__proto__","image":"i","ports":[{"name":"constructor","containerPort":1}],
      "readinessProbe":{"httpGet":{"port":"toString"}}}],"__proto__":{"hostNetwork":true}}}`;
    const outcome = inject(JSON.parse(text), STATE, "/__proto__/x/constructor/y");
    assert.equal(outcome.kind, "patched");
    assert.equal(({} as Doc)["a"], undefined);
    assert.equal(({} as Doc)["hostNetwork"], undefined);
  });
  await t.step("a template of a name of prototypes", () => {
    const outcome = inject(
      pod({ annotations: { "inject.istio.io/templates": "constructor,__proto__" } }),
    );
    const have = 'requested template "constructor" not found; have sidecar';
    assert.deepEqual(outcome, {
      kind: "failed",
      message: `failed to run injection template: ${have}`,
    });
  });
  await t.step("a template whose functions look at too much, or make too much", () => {
    const shared = "{{$d := dict}}{{range 60}}{{$d = dict `a` $d `b` $d}}{{end}}";
    const texts = [
      `${shared}{{toYaml $d}}`,
      `${shared}{{structToJSON $d}}`,
      `${shared}{{$_ := omitNil $d}}`,
      '{{indent 1000 (repeat 10000 "\\n")}}',
    ];
    for (const text of texts) {
      const config = `policy: enabled\ntemplates: {sidecar: ${JSON.stringify(text)}}`;
      const outcome = inject(pod({}), stateOf({ config, values: "{}" }));
      assert.match(JSON.stringify(outcome), /look at more than|makes more than/, text);
    }
  });
  await t.step("very many templates", () => {
    const names = "sidecar,".repeat(20_000);
    assert.equal(
      inject(pod({ annotations: { "inject.istio.io/templates": names } })).kind,
      "failed",
    );
  });
  await t.step("texts that break out of the template", () => {
    for (
      const text of ['"\nspec: {hostNetwork: true}\nx: "', "a\u0000\u2028b", "${x} {{ .Values }}"]
    ) {
      const outcome = inject(pod({ labels: { app: text } }));
      if (outcome.kind !== "patched") assert.fail(JSON.stringify(outcome));
      const after = applyPatch(pod({ labels: { app: text } }), outcome.patch) as Doc;
      assert.equal((after["spec"] as Doc)["hostNetwork"], undefined);
    }
  });
});

Deno.test("readSettings() refuses what istiod would choke on, by what is wrong", () => {
  const rows: readonly (readonly [config: string, values: string, reason: RegExp])[] = [
    ["- a", "{}", /config should be a mapping/],
    ["{}", "- a", /values should be a mapping/],
    ["a: [", "{}", /config: Cannot read YAML/],
    ["templates: [a]", "{}", /templates should be a mapping of texts/],
    ["templates: {a: {b: c}}", "{}", /templates\.a should be a text/],
    ["templates: {a: '{{ if }}'}", "{}", /template "a": template: inject:1/],
    ["templates: {a: '{{ nothing }}'}", "{}", /function "nothing" not defined/],
    ["defaultTemplates: a", "{}", /defaultTemplates should be a list of texts/],
    ["aliases: {a: b}", "{}", /a should be a list of texts/],
    ["neverInjectSelector: {}", "{}", /neverInjectSelector should be a list/],
    [
      "alwaysInjectSelector: [a]",
      "{}",
      /alwaysInjectSelector has an item that is no label selector/,
    ],
    ["x".repeat(5 << 20), "{}", /config has more than 4194304 characters/],
  ];
  for (const [config, values, reason] of rows) {
    assert.throws(() => readSettings(config, values), reason, config.slice(0, 40));
  }
  assert.ok(isDraft(readSettings("", "").values));
  assert.ok(BUILTIN_TEMPLATE.includes("istio-proxy"));
});
