/** What is asked in the benchmark: a realistic pod, and a document of Istio's. */

/** A container with two HTTP probes. */
function container(name: string, port: number): object {
  const probe = (path: string) => ({ httpGet: { path, port }, periodSeconds: 10 });
  return {
    name,
    image: `registry.example/shop/${name}:1.14.2`,
    ports: [{ name: `http-${name}`, containerPort: port }],
    env: [
      { name: "LOG_LEVEL", value: "info" },
      { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    ],
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
    readinessProbe: probe("/ready"),
    livenessProbe: probe("/live"),
    volumeMounts: [{
      name: "kube-api-access-x7k2p",
      mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
      readOnly: true,
    }],
  };
}

const TOKEN_VOLUME = {
  name: "kube-api-access-x7k2p",
  projected: {
    defaultMode: 420,
    sources: [
      { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
      { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
      {
        downwardAPI: {
          items: [{ path: "namespace", fieldRef: { fieldPath: "metadata.namespace" } }],
        },
      },
    ],
  },
};

/** Two containers, four HTTP probes, a token volume, as a Deployment makes it. */
const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    generateName: "web-5d9c7b8f6d-",
    namespace: "shop",
    labels: { "app": "web", "version": "v1", "pod-template-hash": "5d9c7b8f6d" },
    // As most clusters of today have it, whatever their nodes say.
    annotations: { "sidecar.istio.io/nativeSidecar": "false" },
    ownerReferences: [{
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      name: "web-5d9c7b8f6d",
      uid: "0d1c6f3e-8a0f-4f3b-9b7e-0c1f2a3b4c5d",
      controller: true,
      blockOwnerDeletion: true,
    }],
  },
  spec: {
    serviceAccountName: "web",
    containers: [container("web", 8080), container("worker", 8081)],
    volumes: [TOKEN_VOLUME],
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
  },
};

const VIRTUAL_SERVICE = {
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name: "web", namespace: "shop", labels: { "istio.io/rev": "default" } },
  spec: {
    hosts: ["web.shop.svc.cluster.local", "web.example"],
    gateways: ["mesh", "istio-system/public"],
    http: [
      {
        name: "canary",
        match: [
          { uri: { prefix: "/api" }, headers: { "x-canary": { exact: "true" } } },
          { uri: { regex: "/v[0-9]+/orders/.*" } },
        ],
        route: [{ destination: { host: "web.shop.svc.cluster.local", subset: "v2" } }],
        timeout: "5s",
        retries: { attempts: 3, perTryTimeout: "2s", retryOn: "5xx,reset" },
      },
      {
        route: [
          { destination: { host: "web.shop.svc.cluster.local", subset: "v1" }, weight: 90 },
          { destination: { host: "web.shop.svc.cluster.local", subset: "v2" }, weight: 10 },
        ],
      },
    ],
  },
};

function review(object: object, resource: string): string {
  return JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
      operation: "CREATE",
      namespace: "shop",
      resource: { group: "", version: "v1", resource },
      userInfo: { username: "system:serviceaccount:kube-system:replicaset-controller" },
      object,
      dryRun: false,
    },
  });
}

/** Bodies by path. */
export const BODIES = {
  "/inject": review(POD, "pods"),
  "/validate": review(VIRTUAL_SERVICE, "virtualservices"),
} as const;

/** A path that is measured. */
export type ReviewPath = keyof typeof BODIES;
