/** The manifests of `packaging/kubernetes`, applied to a real API server as `kubectl apply --kustomize` would. */
import { parse, parseAllDocuments } from "yaml";
import type { KubeDocument, TestCluster } from "./kubernetes.ts";

const FOLDER = new URL("../../packaging/kubernetes/", import.meta.url);
/** Where objects of each kind live. */
const PATHS: Readonly<Record<string, string>> = {
  ConfigMap: "/api/v1/namespaces/NS/configmaps",
  MutatingWebhookConfiguration:
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
  ValidatingWebhookConfiguration:
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
  Namespace: "/api/v1/namespaces",
  Service: "/api/v1/namespaces/NS/services",
  ServiceAccount: "/api/v1/namespaces/NS/serviceaccounts",
  Deployment: "/apis/apps/v1/namespaces/NS/deployments",
  ClusterRole: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  ClusterRoleBinding: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  Role: "/apis/rbac.authorization.k8s.io/v1/namespaces/NS/roles",
  RoleBinding: "/apis/rbac.authorization.k8s.io/v1/namespaces/NS/rolebindings",
};

/** Every object, in the order of the kustomization; then those of some folders of `options`. */
export async function readManifests(
  options: readonly string[] = [],
): Promise<readonly KubeDocument[]> {
  const folders = [FOLDER, ...options.map((name) => new URL(`options/${name}/`, FOLDER))];
  return (await Promise.all(folders.map(readFolder))).flat();
}

async function readFolder(folder: URL): Promise<readonly KubeDocument[]> {
  const read = (name: string) => Deno.readTextFile(new URL(name, folder));
  const { resources } = parse(await read("kustomization.yaml")) as { resources: string[] };
  const texts = await Promise.all(resources.map(read));
  return texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS()));
}

/** Creates every object; a field that the API server does not know is a failure. */
export async function applyManifests(
  cluster: TestCluster,
  options: readonly string[] = [],
): Promise<readonly KubeDocument[]> {
  const objects = await readManifests(options);
  for (const object of objects) {
    const path = PATHS[object.kind]!.replace("NS", object.metadata.namespace);
    await cluster.api("POST", `${path}?fieldValidation=Strict`, object);
  }
  return objects;
}
