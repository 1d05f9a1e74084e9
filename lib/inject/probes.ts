/**
 * Probes and hooks of an application that kubelet would send into the mesh without a certificate: they go to the agent instead, which is
 * told what was asked for and asks on.
 */
import { ANNOTATION, MAX_ANNOTATION_CHARS } from "./annotations.ts";
import { CONTAINER, findContainer } from "./containers.ts";
import {
  type Draft,
  emptyDraft,
  isDraft,
  member,
  named,
  objectAt,
  objectsAt,
  textAt,
} from "./document.ts";
import { compareBytes, goText, structJson } from "./go_json.ts";
import { parseGoBool } from "./go_words.ts";
import { POD, structAt } from "./pod_types.ts";

/** The agent's variable with the original probes. */
const PROBERS = "ISTIO_KUBE_APP_PROBERS";
const HANDLER = structAt(POD, "spec", "containers", "lifecycle", "postStart");
const ACTIONS = {
  httpGet: structAt(HANDLER, "httpGet"),
  tcpSocket: structAt(HANDLER, "tcpSocket"),
  grpc: structAt(POD, "spec", "containers", "readinessProbe", "grpc"),
} as const;
type Action = keyof typeof ACTIONS;

interface Probe {
  /** What is sent, and how long to wait. */
  readonly probe: Draft;
  /** Where the agent takes it. */
  readonly path: string;
  /** What kinds may be sent on. */
  readonly actions: readonly Action[];
}

/** Every probe and hook of a container. */
function probesOf(container: Draft): readonly Probe[] {
  const name = textAt(container, "name");
  const lifecycle = objectAt(container, "lifecycle");
  const all = ["httpGet", "tcpSocket", "grpc"] as const;
  const hooks = ["httpGet", "tcpSocket"] as const;
  const places: readonly (readonly [unknown, string, readonly Action[]])[] = [
    [member(container, "readinessProbe"), `/app-health/${name}/readyz`, all],
    [member(container, "livenessProbe"), `/app-health/${name}/livez`, all],
    [member(container, "startupProbe"), `/app-health/${name}/startupz`, all],
    [member(lifecycle, "preStop"), `/app-lifecycle/${name}/prestopz`, hooks],
    [member(lifecycle, "postStart"), `/app-lifecycle/${name}/poststartz`, hooks],
  ];
  const probes: Probe[] = [];
  for (const [probe, path, actions] of places) {
    if (isDraft(probe)) probes.push({ probe, path, actions });
  }
  return probes;
}

/** Rewrites the probes of a pod with a proxy, unless the pod or the values say no. */
export function rewriteProbes(
  pod: Draft,
  options: { readonly isOn: boolean; readonly port: number; readonly wasInjected: boolean },
): void {
  const spec = objectAt(pod, "spec");
  const proxy = findContainer(spec, CONTAINER.proxy);
  const annotations = objectAt(objectAt(pod, "metadata"), "annotations");
  const isOn = parseGoBool(textAt(annotations, ANNOTATION.rewriteProbes)) ?? options.isOn;
  if (proxy === undefined || !isOn) return;
  const containers = [...objectsAt(spec, "initContainers"), ...objectsAt(spec, "containers")]
    .filter((container) => textAt(container, "name") !== CONTAINER.proxy);
  const probers = new Map<string, string>();
  for (const container of containers) {
    for (const probe of probesOf(container)) {
      const prober = proberJson(probe, portsByName(container), options.port);
      if (prober !== undefined) probers.set(probe.path, prober);
    }
  }
  if (probers.size > 0) tellProxy(proxy, probers, options.wasInjected);
  const port = statusPort(annotations) ?? options.port;
  for (const container of containers) {
    for (const probe of probesOf(container)) redirect(probe, port);
  }
}

function portsByName(container: Draft): ReadonlyMap<string, number> {
  const ports = new Map<string, number>();
  for (const port of objectsAt(container, "ports")) {
    const number = port["containerPort"];
    if (typeof number === "number") ports.set(textAt(port, "name"), number);
  }
  return ports;
}

/** A port that the pod names for the agent; Go reads what is no number as 0. */
function statusPort(annotations: Draft): number | undefined {
  const text = member(annotations, ANNOTATION.statusPort);
  if (typeof text !== "string") return undefined;
  return /^[-+]?[0-9]+$/.test(text) ? Number(text) : 0;
}

/** What the agent is told of a probe; a named port becomes its number, in the pod too. */
function proberJson(
  { probe, actions }: Probe,
  ports: ReadonlyMap<string, number>,
  statusPort: number,
): string | undefined {
  const action = actions.find((each) => isDraft(member(probe, each)));
  if (action === undefined) return undefined;
  const sent = probe[action] as Draft;
  if (action !== "grpc") {
    const port = member(sent, "port");
    if (typeof port === "string") {
      const number = ports.get(port);
      if (number === undefined) return undefined;
      sent["port"] = number;
    } else if (port === statusPort) return undefined; // rewritten before
  }
  const timeout = member(probe, "timeoutSeconds");
  const hasTimeout = typeof timeout === "number" && timeout !== 0;
  const seconds = hasTimeout ? `,"timeoutSeconds":${timeout}` : "";
  return `{"${action}":${structJson(ACTIONS[action], sent)}${seconds}}`;
}

function tellProxy(proxy: Draft, probers: Map<string, string>, wasInjected: boolean): void {
  const variables = objectsAt(proxy, "env");
  const told = wasInjected ? named(variables, PROBERS) : undefined;
  if (told === undefined) {
    proxy["env"] = [...variables, { name: PROBERS, value: joined(probers) }];
    return;
  }
  const earlier = earlierProbers(textAt(told, "value"));
  if (earlier === undefined) return;
  for (const [path, prober] of earlier) probers.set(path, prober);
  proxy["env"] = variables.map((each) =>
    each === told ? { name: PROBERS, value: joined(probers) } : each
  );
}

function joined(probers: ReadonlyMap<string, string>): string {
  const paths = [...probers.keys()].sort(compareBytes);
  return `{${paths.map((path) => `${goText(path)}:${probers.get(path)}`).join(",")}}`;
}

/** Probers that an earlier injection told the proxy; `undefined` when they cannot be read. */
function earlierProbers(text: string): readonly (readonly [string, string])[] | undefined {
  if (text.length > MAX_ANNOTATION_CHARS) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // it stays as it is, as with istiod
  }
  if (!isDraft(value)) return undefined;
  const probers = value;
  return Object.keys(probers).map((path) => [path, proberText(probers[path])] as const);
}

function proberText(prober: unknown): string {
  const members: string[] = [];
  if (!isDraft(prober)) return "{}";
  for (const action of ["httpGet", "tcpSocket", "grpc"] as const) {
    const sent = member(prober, action);
    if (isDraft(sent)) members.push(`"${action}":${structJson(ACTIONS[action], sent)}`);
  }
  const timeout = member(prober, "timeoutSeconds");
  if (typeof timeout === "number" && timeout !== 0) members.push(`"timeoutSeconds":${timeout}`);
  return `{${members.join(",")}}`;
}

/** Sends a probe to the agent. */
function redirect({ probe, path, actions }: Probe, port: number): void {
  const action = actions.find((each) => isDraft(member(probe, each)));
  if (action === undefined) return;
  const sent = action === "httpGet" ? probe[action] as Draft : emptyDraft();
  sent["path"] = path;
  sent["port"] = port;
  // Kubelet asks the agent in plain text, the agent asks the application as it wants.
  if (sent["scheme"] === "HTTPS") sent["scheme"] = "HTTP";
  if (action !== "httpGet") delete probe[action];
  probe["httpGet"] = sent;
}
