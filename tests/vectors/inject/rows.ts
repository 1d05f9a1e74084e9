/** Which pods are recorded, and how they are asked about. */
import { builtinTexts } from "signet/inject/builtin_template.ts";
import type { InjectionQuestion } from "../../support/istio_injection.ts";
import { INJECTION_ROWS, type InjectionRow } from "../../integration/istio/injection_rows.ts";

/** Rows that ask for a template of Istio's, or for values and configuration of the row's own. */
function isOfIstio({ values, config, pod, differs }: InjectionRow): boolean {
  const asks = JSON.stringify(pod).includes("inject.istio.io/templates");
  return values !== undefined || config !== undefined || asks || differs !== undefined;
}

/** Pods that get a sidecar and are recorded whole; of those that get none, all are. */
const RECORDED: readonly string[] = [
  ...["Deployment", "no name at all", "no labels", "native, without resources"],
  ...["two containers", "names that need escapes", "native by the mesh, but not here"],
  ...["interception by TPROXY", "traffic", "no status port", "proxy config over the mesh's"],
  ...["cluster and network", "the older form", "HTTP", "TCP and gRPC", "commands, and hooks"],
  ...["metrics of the application", "a proxy of the author with the template's image"],
  ...["a proxy of the author, native", "a proxy with an image and a user"],
];
/** What gets none. */
const LEFT_ALONE = ["decisions", "failures"];

/** The rows, in order. */
export const RECORDED_ROWS: readonly InjectionRow[] = Object.entries(INJECTION_ROWS).flatMap(
  ([about, rows]) =>
    rows.filter((row) => !isOfIstio(row))
      .filter(({ name }) => LEFT_ALONE.includes(about) || RECORDED.includes(name))
      .map((row) => ({ ...row, name: `${about}: ${row.name}` })),
);

/** A row as it is asked about: with signet's own template. */
export function builtinQuestion(row: InjectionRow): InjectionQuestion {
  return {
    pod: row.pod,
    namespace: row.namespace ?? "shop",
    path: row.path ?? "",
    ...builtinTexts({ image: "example.org/proxyv2:1", clusterName: "Kubernetes" }),
    meshConfig: JSON.stringify(row.mesh ?? {}),
    revision: row.revision ?? "",
    native: row.native ?? false,
  };
}
