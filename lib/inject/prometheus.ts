/** Annotations by which Prometheus finds a pod's metrics: the agent takes them over, and answers for proxy and application together. */
import { ANNOTATION } from "./annotations.ts";
import { CONTAINER, findContainer } from "./containers.ts";
import { type Draft, objectAt, objectsAt, textAt } from "./document.ts";
import { parseGoBool } from "./go_words.ts";
import { goText } from "./go_json.ts";

/** Where the agent answers. */
const MERGED_PATH = "/stats/prometheus";
const NAMES = ["scrape", "path", "port"] as const;

/** Prometheus takes `prometheus.io/port`, `prometheus-io/port` and the like for the same. */
function prometheusName(annotation: string): (typeof NAMES)[number] | undefined {
  if (!/^prometheus.io.(?:scrape|path|port)$/.test(annotation)) return undefined;
  const [, between, second, name] = /^prometheus(.)io(.)(.*)$/.exec(annotation)!;
  // Letters and digits stay letters and digits; anything else is the same.
  if (/[a-zA-Z0-9]/.test(between! + second!)) return undefined;
  return NAMES.find((each) => each === name);
}

/** An annotation's value by what it means. */
export function prometheusValue(
  annotations: Draft,
  name: (typeof NAMES)[number],
): string | undefined {
  const found = Object.keys(annotations).find((each) => prometheusName(each) === name);
  return found === undefined ? undefined : textAt(annotations, found);
}

/** Takes all of them away. */
export function clearPrometheus(annotations: Draft): void {
  for (const name of Object.keys(annotations)) {
    if (prometheusName(name) !== undefined) delete annotations[name];
  }
}

/** Hands the application's metrics to the agent, unless the pod or the mesh says no. */
export function mergePrometheus(
  pod: Draft,
  options: { readonly isOn: boolean; readonly port: number },
): void {
  const annotations = objectAt(objectAt(pod, "metadata"), "annotations");
  const wanted = parseGoBool(textAt(annotations, ANNOTATION.prometheusMerge)) ?? options.isOn;
  const scrape = prometheusValue(annotations, "scrape");
  if (!wanted || (scrape !== undefined && parseGoBool(scrape) === false)) return;
  const port = String(options.port);
  const path = prometheusValue(annotations, "path") ?? "";
  const own = prometheusValue(annotations, "port");
  if (own === port) return;
  const proxy = findContainer(objectAt(pod, "spec"), CONTAINER.proxy);
  if (proxy !== undefined && [scrape ?? "", path, own ?? ""].some((text) => text !== "")) {
    const value = `{"scrape":${goText(scrape ?? "")},"path":${goText(path)},"port":${
      goText(own ?? "")
    }}`;
    proxy["env"] = [...objectsAt(proxy, "env"), { name: "ISTIO_PROMETHEUS_ANNOTATIONS", value }];
  }
  clearPrometheus(annotations);
  annotations["prometheus.io/port"] = port;
  annotations["prometheus.io/path"] = MERGED_PATH;
  annotations["prometheus.io/scrape"] = "true";
}
