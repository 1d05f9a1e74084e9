/** One pod from what came to what is to be changed: rendered, merged, and brought into the order that a proxy needs. */
import { messageOf } from "../base/mod.ts";
import { ANNOTATION, annotationsFault } from "./annotations.ts";
import { CONTAINER, findContainer, namesOf, orderContainers } from "./containers.ts";
import {
  copyOf,
  type Draft,
  member,
  objectAt,
  objectIn,
  objectsAt,
  textAt,
  textsOf,
} from "./document.ts";
import { compareBytes, goJson, goText } from "./go_json.ts";
import { diffDocuments } from "./json_patch.ts";
import { applyOverrides } from "./overrides.ts";
import { ownerOf } from "./owner.ts";
import { parsePathParameters } from "./path_parameters.ts";
import { rewriteProbes } from "./probes.ts";
import { mergePrometheus } from "./prometheus.ts";
import { BadMessage } from "./proto_json.ts";
import { mergeProxyConfig, type ProxyConfig, statusPortOf } from "./proxy_config.ts";
import { earlierInjection, readOverrides, withoutInjection } from "./reinjection.ts";
import { refused, renderTemplates } from "./render.ts";
import type { InjectState } from "./state.ts";
import { templateData } from "./template_data.ts";
import { parseYaml } from "./yaml.ts";
import type { JsonPatchOperation } from "./port.ts";

const CLUSTER = "ISTIO_META_CLUSTER_ID";
const NETWORK = "ISTIO_META_NETWORK";
const NETWORK_LABEL = "topology.istio.io/network";

/** What a pod is injected for. */
export interface PodContext {
  /** Namespace of the pod. */
  readonly namespace: string;
  /** What follows `/inject`. */
  readonly path: string;
}

/**
 * The patch that injects a sidecar.
 *
 * @throws {SignetError} `inject.refused`, in istiod's words.
 */
export function injectPod(
  original: Draft,
  context: PodContext,
  state: InjectState,
): readonly JsonPatchOperation[] {
  const annotations = objectAt(objectAt(original, "metadata"), "annotations");
  const fault = annotationsFault(textsOf(annotations));
  if (fault !== undefined) throw refused(`failed to run injection template: ${fault}`);
  const proxyConfig = proxyConfigOf(annotations, state);
  const variables = proxyVariables(original, context, state);
  const kept = readOverrides(annotations);
  if (kept === undefined) {
    throw refused(
      `failed to run injection template: annotation ${ANNOTATION.overrides} is no JSON of containers`,
    );
  }
  const subject = withoutInjection(original, kept, statusPortOf(state.mesh.defaultConfig));
  const data = templateData({
    pod: subject,
    owner: ownerOf(original, context.namespace),
    proxyConfig,
    imageType: textsOf(annotations)[ANNOTATION.proxyImageType],
  }, state);
  const pod = copyOf(original);
  const injected = rendered(pod, data, state);
  applyOverrides(pod, {
    ...{ original, injected, kept },
    earlier: earlierInjection(annotations),
    isTransparent: proxyConfig["interceptionMode"] === "TPROXY",
  });
  finish(pod, { original, injected, variables, proxyConfig, state });
  return diffDocuments(original, pod);
}

function rendered(pod: Draft, data: unknown, state: InjectState): Draft {
  try {
    return renderTemplates(pod, data, state.settings, state).injected;
  } catch (thrown) {
    throw refused(`failed to run injection template: ${messageOf(thrown)}`, thrown);
  }
}

/** The mesh's, with the pod's own over it. */
function proxyConfigOf(annotations: Draft, { mesh }: InjectState): ProxyConfig {
  const text = member(annotations, ANNOTATION.proxyConfig);
  if (typeof text !== "string") return mesh.defaultConfig;
  try {
    return mergeProxyConfig(mesh.defaultConfig, parseYaml(text), { takesZero: false });
  } catch (thrown) {
    const reason = thrown instanceof BadMessage ? thrown.reason : messageOf(thrown);
    throw refused(`failed to process pod: could not parse proxy config: ${reason}`, thrown);
  }
}

/** Variables of the proxy that path, label and values give, the label first, then the path. */
function proxyVariables(
  pod: Draft,
  { path }: PodContext,
  { values }: InjectState,
): ReadonlyMap<string, string> {
  const variables = parsePathParameters(path);
  const labels = textsOf(objectAt(objectAt(pod, "metadata"), "labels"));
  const cluster = variables.get(CLUSTER) || values.clusterName;
  const network = labels[NETWORK_LABEL] ?? (variables.get(NETWORK) || values.network);
  if (cluster !== "") variables.set(CLUSTER, cluster);
  if (network !== "") variables.set(NETWORK, network);
  return variables;
}

interface Finishing {
  readonly original: Draft;
  readonly injected: Draft;
  readonly variables: ReadonlyMap<string, string>;
  readonly proxyConfig: ProxyConfig;
  readonly state: InjectState;
}

/** What no template can do. */
function finish(pod: Draft, finishing: Finishing): void {
  const { original, injected, variables, proxyConfig, state } = finishing;
  const { mesh, values, settings, revision } = state;
  const metadata = objectIn(pod, "metadata");
  const annotations = objectIn(metadata, "annotations");
  const spec = objectIn(pod, "spec");
  const wasInjected = member(annotations, ANNOTATION.status) !== undefined;
  setVariables(findContainer(spec, CONTAINER.proxy), variables);
  const port = statusPortOf(mesh.defaultConfig);
  mergePrometheus(pod, { isOn: mesh.enablePrometheusMerge, port });
  rewriteProbes(pod, { isOn: values.rewritesProbes, port, wasInjected });
  const network = variables.get(NETWORK);
  if (network !== undefined) objectIn(metadata, "labels")[NETWORK_LABEL] = network;
  annotations[ANNOTATION.status] = statusJson(objectAt(injected, "spec"), revision);
  for (const [name, value] of settings.injectedAnnotations) annotations[name] = value;
  const holds = proxyConfig["holdApplicationUntilProxyStarts"] === true || values.holdsApplication;
  orderContainers(spec, holds);
  if (wasInjected) keepOrder(findContainer(spec, CONTAINER.proxy), original);
}

/** Variables of a proxy that was injected before stay in their order, so that a pod that is injected again stays as it is. */
function keepOrder(proxy: Draft | undefined, original: Draft): void {
  const before = findContainer(objectAt(original, "spec"), CONTAINER.proxy);
  if (proxy === undefined || before === undefined) return;
  const ranks = new Map(objectsAt(before, "env").map((each, at) => [textAt(each, "name"), at]));
  const rankOf = (each: Draft) => ranks.get(textAt(each, "name")) ?? ranks.size;
  const variables = objectsAt(proxy, "env");
  if (variables.length > 0) {
    proxy["env"] = variables.toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}

function setVariables(proxy: Draft | undefined, variables: ReadonlyMap<string, string>): void {
  if (proxy === undefined || variables.size === 0) return;
  const names = [...variables.keys()].sort(compareBytes);
  proxy["env"] = [
    ...objectsAt(proxy, "env").filter((each) => !variables.has(textAt(each, "name"))),
    ...names.map((name) => ({ name, value: variables.get(name)! })),
  ];
}

function statusJson(injected: Draft, revision: string): string {
  const names = (list: string) => goJson(namesOf(injected, list));
  return `{"initContainers":${names("initContainers")},"containers":${
    names("containers")
  },"volumes":${names("volumes")},"imagePullSecrets":${names("imagePullSecrets")},"revision":${
    goText(revision || "default")
  }}`;
}
