/**
 * Pods of every rule of sidecar injection, for signet and for Istio's own webhook: what differs between rows is all that a row says.
 *
 * Long on purpose: it is one table.
 */

/** A document. */
export type Doc = Record<string, unknown>;

/** One pod, and where it is injected. */
export interface InjectionRow {
  /** What it is about. */
  readonly name: string;
  /** The pod. */
  readonly pod: Doc;
  /** The namespace of the request. Default: `shop`. */
  readonly namespace?: string;
  /** What follows `/inject`. */
  readonly path?: string;
  /** What stands over Istio's own values. */
  readonly values?: Doc;
  /** What stands over the usual configuration. */
  readonly config?: Doc;
  /** The mesh config. */
  readonly mesh?: Doc;
  /** istiod's revision. */
  readonly revision?: string;
  /** True where sidecars are native unless the pod says otherwise. */
  readonly native?: boolean;
  /** Why signet refuses in other words than istiod, or leaves another pod, on purpose. */
  readonly differs?: string;
}

interface PodParts {
  readonly meta?: Doc;
  readonly labels?: Doc;
  readonly annotations?: Doc;
  readonly spec?: Doc;
  readonly containers?: readonly Doc[];
}

/** A pod; it has a name, a label and one container unless it is said otherwise. */
export function pod({ meta, labels, annotations, spec, containers }: PodParts = {}): Doc {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "web-1",
      labels: labels ?? { app: "web" },
      ...(annotations === undefined ? {} : { annotations }),
      ...meta,
    },
    spec: { containers: containers ?? [container()], ...spec },
  };
}

/** A container. */
export function container(parts: Doc = {}): Doc {
  return {
    name: "app",
    image: "example.org/web:1.2",
    ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
    resources: {},
    ...parts,
  };
}

const http = (port: unknown, more: Doc = {}): Doc => ({ httpGet: { path: "/ok", port, ...more } });
const annotated = (annotations: Doc, parts: PodParts = {}): Doc => pod({ ...parts, annotations });
const owned = (kind: string, name: string, labels: Doc = { app: "web" }, more: Doc = {}): Doc =>
  pod({
    labels,
    meta: {
      name: "",
      generateName: `${name}-`,
      ownerReferences: [
        { apiVersion: "apps/v1", kind, name, uid: "1", controller: true, ...more },
      ],
    },
  });

const NATIVE = { "sidecar.istio.io/nativeSidecar": "true" };

const DECISIONS: readonly InjectionRow[] = [
  { name: "host network", pod: pod({ spec: { hostNetwork: true } }) },
  { name: "kube-system by request", namespace: "kube-system", pod: pod() },
  { name: "kube-public by pod", pod: pod({ meta: { namespace: "kube-public" } }) },
  { name: "kube-node-lease", namespace: "kube-node-lease", pod: pod() },
  { name: "local-path-storage", namespace: "local-path-storage", pod: pod() },
  { name: "label false", pod: pod({ labels: { "sidecar.istio.io/inject": "false" } }) },
  { name: "annotation false", pod: annotated({ "sidecar.istio.io/inject": "false" }) },
  {
    name: "label over annotation",
    pod: annotated({ "sidecar.istio.io/inject": "false" }, {
      labels: { "sidecar.istio.io/inject": "true" },
    }),
  },
  {
    name: "a label that means nothing",
    pod: pod({ labels: { "sidecar.istio.io/inject": "yes" } }),
  },
  { name: "policy disabled", config: { policy: "disabled" }, pod: pod() },
  {
    name: "policy disabled, label true",
    config: { policy: "disabled" },
    pod: pod({ labels: { "sidecar.istio.io/inject": "true" } }),
  },
  {
    name: "a policy that means nothing",
    config: { policy: "perhaps" },
    pod: pod({ labels: { "sidecar.istio.io/inject": "true" } }),
  },
  {
    name: "never by label",
    config: { neverInjectSelector: [{}, { matchLabels: { app: "web" } }] },
    pod: pod(),
  },
  {
    name: "never before always",
    config: {
      neverInjectSelector: [{
        matchExpressions: [{ key: "app", operator: "In", values: ["web"] }],
      }],
      alwaysInjectSelector: [{ matchLabels: { app: "web" } }],
    },
    pod: pod(),
  },
  {
    name: "always in a disabled mesh",
    config: {
      policy: "disabled",
      alwaysInjectSelector: [{ matchExpressions: [{ key: "app", operator: "Exists" }] }],
    },
    pod: pod(),
  },
  {
    name: "always, but the label says no",
    config: { alwaysInjectSelector: [{ matchLabels: { app: "web" } }] },
    pod: pod({ labels: { app: "web", "sidecar.istio.io/inject": "false" } }),
  },
  {
    name: "not in, does not exist",
    config: {
      policy: "disabled",
      alwaysInjectSelector: [{
        matchExpressions: [
          { key: "app", operator: "NotIn", values: ["db"] },
          { key: "zone", operator: "DoesNotExist" },
        ],
      }],
    },
    pod: pod(),
  },
  {
    name: "a selector that is none",
    config: {
      policy: "disabled",
      alwaysInjectSelector: [{ matchExpressions: [{ key: "app", operator: "Like" }] }],
    },
    pod: pod(),
  },
];

const OWNERS: readonly InjectionRow[] = [
  {
    name: "Deployment",
    pod: owned("ReplicaSet", "web-5d4f8c7b9", { app: "web", "pod-template-hash": "5d4f8c7b9" }),
  },
  {
    name: "ReplicaSet of its own",
    pod: owned("ReplicaSet", "web-x", { "pod-template-hash": "y" }),
  },
  {
    name: "Rollout",
    pod: owned("ReplicaSet", "web-abc", { "rollouts-pod-template-hash": "abc" }),
  },
  {
    name: "CronJob",
    pod: owned("Job", "clean-28123456", {}, { apiVersion: "batch/v1" }),
  },
  { name: "Job", pod: owned("Job", "clean-once", {}, { apiVersion: "batch/v1" }) },
  {
    name: "DeploymentConfig",
    pod: owned("ReplicationController", "web-3", { deploymentconfig: "web" }, { apiVersion: "v1" }),
  },
  { name: "StatefulSet", pod: owned("StatefulSet", "db") },
  {
    name: "an owner that controls nothing",
    pod: owned("ReplicaSet", "web", {}, { controller: false }),
  },
  {
    name: "an owner, but a name of its own",
    pod: pod({
      meta: {
        ownerReferences: [
          { apiVersion: "apps/v1", kind: "DaemonSet", name: "d", uid: "1", controller: true },
        ],
      },
    }),
  },
  { name: "no name at all", pod: pod({ meta: { name: "", generateName: "web-" }, labels: {} }) },
  {
    name: "a long name",
    pod: pod({ meta: { name: `${"a".repeat(62)}-b` }, labels: {} }),
  },
];

const SHAPES: readonly InjectionRow[] = [
  {
    name: "two containers",
    pod: pod({
      containers: [container(), container({ name: "log", ports: [{ containerPort: 9 }] })],
      spec: {
        volumes: [{ name: "data", emptyDir: {} }],
        initContainers: [{ name: "a", image: "i" }],
      },
    }),
  },
  { name: "plain", pod: pod() },
  { name: "revision", revision: "canary", pod: pod() },
  { name: "no labels", pod: { ...pod(), metadata: { name: "bare" } } },
  {
    name: "labels that are there",
    pod: pod({
      labels: {
        "security.istio.io/tlsMode": "disabled",
        "service.istio.io/canonical-name": "shop",
        "service.istio.io/canonical-revision": "v7",
        "app.kubernetes.io/name": "other",
      },
    }),
  },
  {
    name: "labels of Kubernetes",
    pod: pod({ labels: { "app.kubernetes.io/name": "n", "app.kubernetes.io/version": "3" } }),
  },
  { name: "version", pod: pod({ labels: { app: "web", version: "v2" } }) },
  {
    name: "two containers, a token volume, a pull secret",
    pod: pod({
      containers: [
        container({
          volumeMounts: [{ name: "token", mountPath: "/var/run/secrets/x", readOnly: true }],
        }),
        container({ name: "log", ports: [{ containerPort: 53, protocol: "UDP" }] }),
      ],
      spec: {
        serviceAccountName: "web",
        volumes: [{
          name: "token",
          projected: { sources: [{ serviceAccountToken: { path: "token" } }] },
        }],
        imagePullSecrets: [{ name: "mine" }],
        initContainers: [{ name: "setup", image: "s", resources: {} }],
      },
    }),
    values: { global: { imagePullSecrets: ["mesh", "mine"] } },
  },
  {
    name: "a volume of the same name",
    pod: pod({ spec: { volumes: [{ name: "istio-data", hostPath: { path: "/x" } }] } }),
  },
  {
    name: "host ports, and one port twice",
    pod: pod({
      containers: [container({
        ports: [
          { containerPort: 53, protocol: "UDP", hostPort: 53 },
          { containerPort: 53, protocol: "TCP" },
        ],
      })],
    }),
  },
  {
    name: "containers without resources",
    pod: pod({ containers: [{ name: "app", image: "i" }] }),
  },
  {
    name: "native, without resources",
    pod: annotated(NATIVE, { containers: [{ name: "app", image: "i" }] }),
  },
  {
    name: "native",
    pod: annotated(NATIVE, { spec: { initContainers: [{ name: "setup", image: "s" }] } }),
  },
  { name: "native by the mesh", native: true, pod: pod() },
  {
    name: "native by the mesh, but not here",
    native: true,
    pod: annotated({ "sidecar.istio.io/nativeSidecar": "false" }),
  },
  {
    name: "held by the mesh",
    mesh: { defaultConfig: { holdApplicationUntilProxyStarts: true } },
    pod: pod(),
  },
  {
    name: "held by the pod",
    pod: annotated({ "proxy.istio.io/config": "holdApplicationUntilProxyStarts: true" }),
  },
  {
    name: "held by the values",
    values: { global: { proxy: { holdApplicationUntilProxyStarts: true } } },
    pod: pod(),
  },
  { name: "CNI", values: { pilot: { cni: { enabled: true } } }, pod: pod() },
  {
    name: "CNI by Multus",
    values: { pilot: { cni: { enabled: true, provider: "multus" } } },
    pod: annotated({ "k8s.v1.cni.cncf.io/networks": '[{"name":"a"}]' }),
  },
  {
    name: "default containers that are named",
    pod: annotated({ "kubectl.kubernetes.io/default-container": "log" }, {
      containers: [container(), container({ name: "log", ports: [] })],
    }),
  },
  {
    name: "annotations of all pods",
    config: { injectedAnnotations: { a: "b", "c/d": "e~f" } },
    pod: pod(),
  },
  {
    name: "names that need escapes",
    pod: annotated({ "a/b~c": "d", "~": "/" }, { labels: { "x/y": "z" } }),
  },
  { name: "fields that signet does not know", pod: pod({ spec: { newField: { a: [1] } } }) },
  { name: "a status", pod: { ...pod(), status: { phase: "Pending" } } },
];

const ANNOTATIONS: readonly InjectionRow[] = [
  { name: "image", pod: annotated({ "sidecar.istio.io/proxyImage": "example.org/p:1" }) },
  { name: "kind of image", pod: annotated({ "sidecar.istio.io/proxyImageType": "distroless" }) },
  {
    name: "kind of image over that of the tag",
    values: { global: { tag: "1.31-debug", variant: "distroless", hub: "h.example.org/x" } },
    pod: annotated({ "sidecar.istio.io/proxyImageType": "default" }),
  },
  {
    name: "kind of image by the mesh",
    mesh: { defaultConfig: { image: { imageType: "debug" } } },
    pod: pod(),
  },
  {
    name: "a tag that is a number",
    values: { global: { tag: 1.5, variant: "debug" } },
    pod: pod(),
  },
  {
    name: "resources",
    pod: annotated({
      "sidecar.istio.io/proxyCPU": "250m",
      "sidecar.istio.io/proxyMemory": "64Mi",
      "sidecar.istio.io/proxyCPULimit": "1",
      "sidecar.istio.io/proxyMemoryLimit": "1Gi",
    }),
  },
  { name: "a limit alone", pod: annotated({ "sidecar.istio.io/proxyCPULimit": "2" }) },
  {
    name: "interception by TPROXY",
    pod: annotated({ "sidecar.istio.io/interceptionMode": "TPROXY" }),
  },
  { name: "no interception", pod: annotated({ "sidecar.istio.io/interceptionMode": "NONE" }) },
  {
    name: "no interception, native",
    pod: annotated({ "sidecar.istio.io/interceptionMode": "NONE", ...NATIVE }),
  },
  {
    name: "traffic",
    pod: annotated({
      "traffic.sidecar.istio.io/includeOutboundIPRanges": "10.0.0.0/8,fd00::/8",
      "traffic.sidecar.istio.io/excludeOutboundIPRanges": "10.1.0.0/16",
      "traffic.sidecar.istio.io/includeInboundPorts": "80,443",
      "traffic.sidecar.istio.io/excludeInboundPorts": "9000, 9001",
      "traffic.sidecar.istio.io/includeOutboundPorts": "3306",
      "traffic.sidecar.istio.io/excludeOutboundPorts": "25",
      "traffic.sidecar.istio.io/excludeInterfaces": "eth1",
      "traffic.sidecar.istio.io/kubevirtInterfaces": "net1",
    }),
  },
  {
    name: "empty ranges",
    pod: annotated({ "traffic.sidecar.istio.io/includeOutboundIPRanges": "" }),
  },
  { name: "status port", pod: annotated({ "status.sidecar.istio.io/port": "15999" }) },
  { name: "no status port", pod: annotated({ "status.sidecar.istio.io/port": "0" }) },
  {
    name: "readiness",
    pod: annotated({
      "readiness.status.sidecar.istio.io/initialDelaySeconds": "1",
      "readiness.status.sidecar.istio.io/periodSeconds": "2",
      "readiness.status.sidecar.istio.io/failureThreshold": "30",
    }),
  },
  {
    name: "volumes of the author",
    pod: annotated({
      "sidecar.istio.io/userVolume":
        '{"certs":{"secret":{"secretName":"s"}},"tmp":{"emptyDir":{"medium":"Memory"}}}',
      "sidecar.istio.io/userVolumeMount":
        '{"certs":{"mountPath":"/etc/certs","readOnly":true},"tmp":{"mountPath":"/tmp/x y"}}',
    }),
  },
  { name: "bootstrap", pod: annotated({ "sidecar.istio.io/bootstrapOverride": "boot" }) },
  {
    name: "log levels",
    pod: annotated({
      "sidecar.istio.io/logLevel": "debug",
      "sidecar.istio.io/componentLogLevel": "a:b",
      "sidecar.istio.io/agentLogLevel": "default:warn",
    }),
  },
  {
    name: "proxy config",
    pod: annotated({
      "proxy.istio.io/config":
        'concurrency: 4\ndrainDuration: 30s\ndiscoveryAddress: a.example.org:1\nproxyMetadata:\n  B: b\n  A: "1"\n' +
        "tracing:\n  zipkin:\n    address: z:9411\n  sampling: 10\ngatewayTopology:\n  numTrustedProxies: 2\n" +
        "proxyStatsMatcher:\n  inclusionPrefixes: [a, b]\nprivateKeyProvider:\n  cryptomb:\n    pollDelay: 1.5ms\n",
    }),
  },
  {
    name: "proxy config over the mesh's",
    mesh: {
      trustDomain: "example.org",
      proxyListenPort: 16001,
      proxyInboundListenPort: 16006,
      defaultConfig: {
        concurrency: 0,
        proxyMetadata: { A: "mesh", C: "<c>" },
        proxyHeaders: { server: { disabled: true } },
        interceptionMode: "TPROXY",
        discoveryAddress: "istiod.mesh.svc:15012",
      },
    },
    pod: annotated({
      "proxy.istio.io/config":
        "proxyMetadata: {A: pod, B: b}\nproxyHeaders: {requestId: {disabled: true}}\nterminationDrainDuration: 90s",
    }),
  },
  {
    name: "HBONE",
    pod: annotated({ "proxy.istio.io/config": "proxyMetadata: {ISTIO_META_ENABLE_HBONE: 'true'}" }),
  },
  {
    name: "resources without a value",
    values: {
      global: { proxy: { resources: { requests: { cpu: "1", memory: null }, limits: null } } },
    },
    pod: pod(),
  },
  {
    name: "inbound policy localhost",
    mesh: { inboundTrafficPolicy: { mode: "LOCALHOST" } },
    pod: pod(),
  },
  {
    name: "attributes for OpenTelemetry",
    mesh: {
      extensionProviders: [{
        name: "otel",
        opentelemetry: {
          service: "o.example.org",
          port: 4317,
          serviceAttributeEnrichment: "OTEL_SEMANTIC_CONVENTIONS",
        },
      }],
    },
    pod: annotated({ "resource.opentelemetry.io/service.version": "7" }),
  },
  {
    name: "Datadog's variables",
    values: { global: { proxy: { tracer: "datadog" } } },
    pod: annotated({ "apm.datadoghq.com/env": '{"DD_ENV":"x","DD_A":"y"}' }),
  },
];

const PATHS: readonly InjectionRow[] = [
  { name: "cluster and network", path: "/cluster/c1/net/n1", pod: pod() },
  { name: "a slash at the end, a dangling key", path: "/cluster/c1/net/", pod: pod() },
  { name: "other names, slashes in values", path: "/my_name/a--slash--b/Other/x", pod: pod() },
  {
    name: "the older form",
    path: "/:ENV:cluster=c2:ENV:net=n2:ENV:foo=:ENV:=x:ENV:bar",
    pod: pod(),
  },
  { name: "over the values", path: "/net/n1", values: { global: { network: "n0" } }, pod: pod() },
  {
    name: "the label over the path",
    path: "/net/n1",
    pod: pod({ labels: { app: "web", "topology.istio.io/network": "n3" } }),
  },
  {
    name: "cluster by the values",
    values: { global: { multiCluster: { clusterName: "east" }, meshID: "m", network: "n0" } },
    pod: pod(),
  },
  { name: "a parameter of the proxy's own", path: "/pod_name/x", pod: pod() },
];

const PROBES: readonly InjectionRow[] = [
  {
    name: "HTTP",
    pod: pod({
      containers: [container({
        readinessProbe: { ...http(8080), timeoutSeconds: 3 },
        livenessProbe: http("http", { scheme: "HTTPS", host: "h" }),
        startupProbe: http(8080, { httpHeaders: [{ name: "A", value: "<b>&c" }] }),
      })],
    }),
  },
  {
    name: "TCP and gRPC",
    pod: pod({
      containers: [container({
        readinessProbe: { tcpSocket: { port: "http" } },
        livenessProbe: { grpc: { port: 9000, service: "s" }, timeoutSeconds: 2 },
        startupProbe: { grpc: { port: 9000 } },
      })],
    }),
  },
  {
    name: "commands, and hooks",
    pod: pod({
      containers: [container({
        readinessProbe: { exec: { command: ["true"] } },
        lifecycle: { preStop: http(8080), postStart: { tcpSocket: { port: 8080, host: "x" } } },
      })],
    }),
  },
  {
    name: "a named port that is not there",
    pod: pod({ containers: [container({ readinessProbe: http("other") })] }),
  },
  {
    name: "the agent's own port",
    pod: pod({ containers: [container({ readinessProbe: http(15020) })] }),
  },
  {
    name: "not rewritten",
    pod: annotated({ "sidecar.istio.io/rewriteAppHTTPProbers": "false" }, {
      containers: [container({ readinessProbe: http(8080) })],
    }),
  },
  {
    name: "not rewritten by the values",
    values: { sidecarInjectorWebhook: { rewriteAppHTTPProbe: false } },
    pod: pod({ containers: [container({ readinessProbe: http(8080) })] }),
  },
  {
    name: "an init container's, of a sidecar of the author",
    pod: annotated(NATIVE, {
      spec: {
        initContainers: [{
          name: "cache",
          image: "c",
          restartPolicy: "Always",
          readinessProbe: http(7000),
        }],
      },
    }),
  },
  {
    name: "another status port",
    mesh: { defaultConfig: { statusPort: 15333 } },
    pod: annotated({ "status.sidecar.istio.io/port": "15444" }, {
      containers: [container({ readinessProbe: http(8080) })],
    }),
  },
];

const PROMETHEUS: readonly InjectionRow[] = [
  {
    name: "metrics of the application",
    pod: annotated({
      "prometheus.io/scrape": "true",
      "prometheus.io/port": "8080",
      "prometheus.io/path": "/m?<a>",
    }),
  },
  {
    name: "other spellings",
    pod: annotated({ "prometheus-io/port": "8080", "prometheus.io.path": "/m" }),
  },
  {
    name: "not scraped",
    pod: annotated({ "prometheus.io/scrape": "false", "prometheus.io/port": "1" }),
  },
  { name: "not merged", pod: annotated({ "prometheus.istio.io/merge-metrics": "false" }) },
  { name: "not merged by the mesh", mesh: { enablePrometheusMerge: false }, pod: pod() },
  {
    name: "merged although the mesh says no",
    mesh: { enablePrometheusMerge: false },
    pod: annotated({ "prometheus.istio.io/merge-metrics": "T", "prometheus.io/port": "9" }),
  },
  { name: "the agent's port", pod: annotated({ "prometheus.io/port": "15020" }) },
];

const PROXIES: readonly InjectionRow[] = [
  {
    name: "a proxy of the author with the template's image",
    pod: pod({
      containers: [container(), {
        name: "istio-proxy",
        image: "auto",
        env: [{ name: "MINE", value: "1" }, { name: "POD_NAME", value: "other" }],
        resources: { requests: { cpu: "10m" } },
        lifecycle: { preStop: { exec: { command: ["sleep", "5"] } } },
      }],
    }),
  },
  {
    name: "a proxy of the author, native",
    pod: annotated(NATIVE, {
      containers: [container(), {
        name: "istio-proxy",
        image: "auto",
        env: [{ name: "M", value: "<" }],
      }],
    }),
  },
  {
    name: "a proxy with an image and a user",
    pod: pod({
      containers: [container(), {
        name: "istio-proxy",
        image: "example.org/proxy:2",
        securityContext: { runAsUser: 4000, runAsGroup: 4001 },
      }],
    }),
  },
  {
    name: "a proxy with a user, CNI",
    values: { pilot: { cni: { enabled: true } } },
    pod: pod({
      containers: [container(), {
        name: "istio-proxy",
        image: "auto",
        securityContext: { runAsUser: 4000, runAsGroup: 4001 },
      }],
    }),
  },
  {
    name: "a proxy with a user, TPROXY",
    pod: annotated({ "sidecar.istio.io/interceptionMode": "TPROXY" }, {
      containers: [container(), {
        name: "istio-proxy",
        image: "auto",
        securityContext: { runAsUser: 4000 },
      }],
    }),
  },
  {
    name: "an init container of the same name",
    pod: pod({
      spec: {
        initContainers: [{ name: "istio-init", image: "auto", env: [{ name: "A", value: "b" }] }],
      },
    }),
  },
  {
    name: "only the proxy, by the gateway's template",
    pod: annotated({ "inject.istio.io/templates": "gateway" }, {
      containers: [{ name: "istio-proxy", image: "auto", ports: [{ containerPort: 8443 }] }],
    }),
  },
];

const TEMPLATES: readonly InjectionRow[] = [
  { name: "gRPC agent", pod: annotated({ "inject.istio.io/templates": "grpc-agent" }) },
  { name: "gRPC without an agent", pod: annotated({ "inject.istio.io/templates": "grpc-simple" }) },
  {
    name: "two templates",
    config: {
      templates: {
        extra:
          "metadata:\n  annotations:\n    extra: yes-it-is\nspec:\n  containers:\n  - name: extra\n    image: e\n  - name: istio-proxy\n    env:\n    - {name: EXTRA, value: x}\n  volumes:\n  - name: extra\n",
      },
    },
    pod: annotated({ "inject.istio.io/templates": "sidecar, extra" }),
  },
  {
    name: "an alias",
    config: { aliases: { both: ["sidecar", "grpc-simple"], sidecar: ["gateway"] } },
    pod: annotated({ "inject.istio.io/templates": "both" }),
  },
  {
    name: "another default",
    config: { defaultTemplates: ["grpc-simple"] },
    pod: pod(),
  },
  {
    name: "deletions and directives",
    config: {
      defaultTemplates: ["odd"],
      templates: {
        odd:
          "metadata:\n  labels:\n    app: null\nspec:\n  terminationGracePeriodSeconds: 0\n  tolerations:\n  - key: a\n" +
          "  containers:\n  - name: app\n    command: null\n    args: [x]\n    env:\n    - $patch: delete\n      name: GONE\n" +
          "    ports:\n    - $patch: replace\n    - containerPort: 1\n  volumes:\n  - $patch: delete\n    name: old\n" +
          "  securityContext:\n    $patch: replace\n    fsGroup: 5\n  hostAliases:\n  - ip: 10.0.0.1\n    hostnames: [b]\n" +
          "  topologySpreadConstraints:\n  - topologyKey: zone\n    maxSkew: 2\n    whenUnsatisfiable: ScheduleAnyway\n",
      },
    },
    pod: pod({
      labels: { app: "web", other: "x" },
      containers: [container({
        command: ["c"],
        args: ["a", "b"],
        env: [{ name: "GONE", value: "1" }, { name: "KEPT", value: "2" }],
      })],
      spec: {
        terminationGracePeriodSeconds: 30,
        tolerations: [{ key: "b" }],
        volumes: [{ name: "old", emptyDir: {} }, { name: "kept", emptyDir: {} }],
        securityContext: { runAsUser: 1 },
        hostAliases: [{ ip: "10.0.0.1", hostnames: ["a"] }, { ip: "10.0.0.2", hostnames: ["c"] }],
        topologySpreadConstraints: [
          { topologyKey: "zone", maxSkew: 1, whenUnsatisfiable: "DoNotSchedule" },
        ],
      },
    }),
  },
  {
    name: "functions",
    config: {
      defaultTemplates: ["calls"],
      templates: {
        calls:
          "metadata:\n  annotations:\n    a: {{ toJSON .ObjectMeta.Labels | quote }}\n    b: {{ includeInboundPorts .Spec.Containers | quote }}\n" +
          "    c: {{ applicationPorts .Spec.Containers | quote }}\n    d: {{ formatDuration .ProxyConfig.DrainDuration | quote }}\n" +
          '    e: {{ toJsonMap (strdict "x" "1" "y" "<2>") (omit .ObjectMeta.Labels "app") | quote }}\n' +
          '    f: {{ directory "/a/b/c" | quote }}\n    g: {{ env "NOT_SET_ANYWHERE" "fallback" | quote }}\n' +
          "    h: {{ structToJSON (index .Spec.Containers 0).Resources | quote }}\n    i: {{ .ObjectMeta.Name | quote }}\n" +
          "    j: {{ protoToJSON .ProxyConfig | quote }}\n    k: {{ .MeshConfig.RootNamespace | quote }}\n" +
          "    l: {{ .ProxyConfig.InterceptionMode.String | toLower | quote }}\n    m: {{ .Spec.ServiceAccountName | quote }}\n" +
          "    n: {{ (index (index .Spec.Containers 0).Ports 0).ContainerPort | quote }}\n    o: {{ .ObjectMeta.Namespace | quote }}\n" +
          "    p: x{{ .Spec.TerminationGracePeriodSeconds }}\n    q: {{ .TypeMeta.Kind }}.{{ .DeploymentMeta.Namespace }}\n",
      },
    },
    pod: pod({
      labels: { app: "web", z: "&" },
      spec: { serviceAccountName: "sa", terminationGracePeriodSeconds: 7 },
    }),
  },
];

const FAILURES: readonly InjectionRow[] = [
  {
    name: "no such template",
    pod: annotated({ "inject.istio.io/templates": "zz" }),
    differs: "istiod lists its templates in an order of chance",
  },
  { name: "mode", pod: annotated({ "sidecar.istio.io/interceptionMode": "X" }) },
  { name: "status port", pod: annotated({ "status.sidecar.istio.io/port": "99999" }) },
  {
    name: "readiness",
    pod: annotated({ "readiness.status.sidecar.istio.io/periodSeconds": "-1" }),
  },
  {
    name: "range without bits",
    pod: annotated({ "traffic.sidecar.istio.io/includeOutboundIPRanges": "bad" }),
  },
  {
    name: "range too long",
    pod: annotated({ "traffic.sidecar.istio.io/excludeOutboundIPRanges": "10.0.0.0/8,1.2.3.4/33" }),
  },
  {
    name: "range of no address",
    pod: annotated({ "traffic.sidecar.istio.io/excludeOutboundIPRanges": "1.2.3/8" }),
  },
  {
    name: "octet",
    pod: annotated({ "traffic.sidecar.istio.io/excludeOutboundIPRanges": "1.2.3.256/8" }),
  },
  {
    name: "inbound ports",
    pod: annotated({ "traffic.sidecar.istio.io/includeInboundPorts": "80,http" }),
  },
  {
    name: "outbound ports",
    pod: annotated({ "traffic.sidecar.istio.io/excludeOutboundPorts": "70000" }),
  },
  { name: "interfaces", pod: annotated({ "traffic.sidecar.istio.io/excludeInterfaces": "a,,b" }) },
  {
    name: "a long interface",
    pod: annotated({ "traffic.sidecar.istio.io/kubevirtInterfaces": "a".repeat(16) }),
  },
  { name: "an odd interface", pod: annotated({ "istio.io/reroute-virtual-interfaces": "e$" }) },
  { name: "merge", pod: annotated({ "prometheus.istio.io/merge-metrics": "maybe" }) },
  { name: "CPU", pod: annotated({ "sidecar.istio.io/proxyCPU": "lots" }) },
  { name: "memory", pod: annotated({ "sidecar.istio.io/proxyMemory": "1Kb" }) },
  {
    name: "memory with a line break",
    pod: annotated({ "sidecar.istio.io/proxyMemoryLimit": "1\n" }),
  },
  {
    name: "config of the wrong type",
    pod: annotated({ "proxy.istio.io/config": "concurrency: many" }),
  },
  {
    name: "config with a bad enum",
    pod: annotated({ "proxy.istio.io/config": "interceptionMode: X" }),
  },
  {
    name: "config with a bad duration",
    pod: annotated({ "proxy.istio.io/config": "drainDuration: 5" }),
  },
  {
    name: "config with a bad text",
    pod: annotated({ "proxy.istio.io/config": "configPath: [a]" }),
  },
  {
    name: "config with bad addresses",
    pod: annotated({
      "proxy.istio.io/config": "discoveryAddress: a_b:99999\nstatusPort: 0\ndrainDuration: 1.5s",
    }),
  },
  {
    name: "config with a tracer without an address",
    pod: annotated({ "proxy.istio.io/config": "tracing: {zipkin: {address: z}}" }),
  },
  {
    name: "overrides",
    pod: annotated({ "proxy.istio.io/overrides": "{" }),
    differs: "the words are those of another JSON reader",
  },
  {
    name: "a template that fails",
    config: { defaultTemplates: ["bad"], templates: { bad: "{{ .Values.a.b.c.d }}" } },
    pod: pod(),
  },
  {
    name: "a template that asks for a field that is none",
    config: { defaultTemplates: ["bad"], templates: { bad: "{{ .Spec.Nothing }}" } },
    pod: pod(),
  },
  {
    name: "a template that is a list",
    config: { defaultTemplates: ["bad"], templates: { bad: "- a\n- b" } },
    pod: pod(),
  },
  {
    name: "a template of the wrong type",
    config: {
      defaultTemplates: ["bad"],
      templates: { bad: "spec:\n  containers:\n  - name: 5\n    image: x\n" },
    },
    pod: pod(),
  },
  {
    name: "a container without a name",
    config: {
      defaultTemplates: ["bad"],
      templates: { bad: "spec:\n  containers:\n  - image: x\n" },
    },
    pod: pod(),
    differs: "istiod prints the item as Go prints a map",
  },
  { name: "containers that are no list", pod: { ...pod(), spec: { containers: "x" } } },
  { name: "labels that are numbers", pod: pod({ labels: { a: 5 } }) },
  {
    name: "a port that is a text",
    pod: pod({ containers: [container({ ports: [{ containerPort: "x" }] })] }),
  },
  { name: "a spec that is a list", pod: { ...pod(), spec: [] } },
];

/** All rows, by what they are about. */
export const INJECTION_ROWS: Readonly<Record<string, readonly InjectionRow[]>> = {
  decisions: DECISIONS,
  owners: OWNERS,
  shapes: SHAPES,
  annotations: ANNOTATIONS,
  paths: PATHS,
  probes: PROBES,
  prometheus: PROMETHEUS,
  "proxies of the author": PROXIES,
  templates: TEMPLATES,
  failures: FAILURES,
};
