/**
 * WorkloadGroup (`networking.istio.io`): what workloads outside of Kubernetes are like that register themselves, and how their health is
 * asked for.
 *
 * Checked as Istio does: a template, whose address comes with the workload, and one way to ask.
 */
import { type KindRule, NETWORKING_VERSIONS, type SpecOf } from "./kind.ts";
import { tokenFault } from "./header_names.ts";
import { list, map, object } from "./schema/collection.ts";
import { below, type Cursor, fault } from "./schema/port.ts";
import { int32, text, uint32 } from "./schema/scalar.ts";
import { checkLabels } from "./selector.ts";
import { checkSocketPorts, WORKLOAD_FIELDS } from "./workload_entry.ts";

const MAX_METADATA = { max: 256 };
const PORT = { min: 1, max: 65_535 };
const SECONDS = { min: 0 };

const PROBE = object({
  initialDelaySeconds: int32(SECONDS),
  timeoutSeconds: int32(SECONDS),
  periodSeconds: int32(SECONDS),
  successThreshold: int32(SECONDS),
  failureThreshold: int32(SECONDS),
  httpGet: object({
    path: text(),
    port: uint32(PORT),
    host: text(),
    scheme: text({
      check: (scheme) =>
        ["", "HTTP", "HTTPS"].includes(scheme)
          ? undefined
          : 'httpGet.scheme must be one of "HTTPS", "HTTP"',
    }),
    httpHeaders: list(object({ name: text(), value: text() })),
  }, { required: ["port"] }),
  tcpSocket: object({ host: text(), port: uint32(PORT) }, { required: ["port"] }),
  exec: object({ command: list(text({ min: 1 })) }, { required: ["command"] }),
  grpc: object({ port: uint32(PORT), service: text() }),
}, { oneOf: [["httpGet", "tcpSocket", "exec", "grpc"]] });
const SPEC = object({
  metadata: object({
    labels: map(text(), MAX_METADATA),
    annotations: map(text(), MAX_METADATA),
  }),
  template: object(WORKLOAD_FIELDS, { check: checkSocketPorts }),
  probe: PROBE,
}, { required: ["template"] });

/** `spec` of a WorkloadGroup. */
export type WorkloadGroup = SpecOf<typeof SPEC>;

/** What signet knows of WorkloadGroup. */
export const WORKLOAD_GROUP: KindRule<WorkloadGroup> = {
  group: "networking.istio.io",
  versions: NETWORKING_VERSIONS,
  schema: SPEC,
  needsSpec: true,
  check({ metadata, probe }, at) {
    checkLabels(metadata?.labels ?? {}, below(at, "metadata", "labels"));
    if (probe !== undefined) checkProbe(probe, below(at, "probe"));
  },
};

function checkProbe(probe: NonNullable<WorkloadGroup["probe"]>, at: Cursor): void {
  const { httpGet, tcpSocket, exec } = probe;
  if (httpGet === undefined && tcpSocket === undefined && exec === undefined) {
    fault(at, "unknown health check method: give httpGet, tcpSocket or exec");
  }
  for (const [index, { name }] of (httpGet?.httpHeaders ?? []).entries()) {
    const wrong = /^[-A-Za-z0-9]+$/.test(name)
      ? undefined
      : `header name ${name} is not a valid header name`;
    fault(below(at, "httpGet", "httpHeaders", index, "name"), tokenFault(name) ?? wrong);
  }
  if (exec !== undefined && exec.command.length === 0) {
    fault(below(at, "exec", "command"), "exec.command is required");
  }
}
