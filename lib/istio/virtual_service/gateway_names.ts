/** Names of Gateways: `namespace/name`, `mesh`, a name of the same namespace, or the older `name.namespace...`. */
import { quote } from "../../base/mod.ts";
import { fqdnFault, isLabel } from "../names.ts";
import { below, type Cursor, fault, warn } from "../schema/port.ts";

/** The name that stands for the sidecars of the mesh. */
export const MESH_GATEWAY = "mesh";

/** The rules of a list of Gateways. Istiod does not look behind the first without a slash: what is wrong there is warned of. */
export function checkGatewayNames(names: readonly string[], at: Cursor): void {
  let report = fault;
  for (const [index, name] of names.entries()) {
    const place = below(at, index);
    const slash = name.indexOf("/");
    if (slash < 0) {
      if (name.includes(".")) {
        const [first = "", namespace = ""] = name.split(".");
        warn(
          place,
          `using legacy gatewayName format ${quote(name)}; prefer the <namespace>/<name> format: ${
            quote(`${namespace}/${first}`)
          }`,
        );
      }
      report(place, fqdnFault(name));
      report = warn;
      continue;
    }
    const [namespace, gateway] = [name.slice(0, slash), name.slice(slash + 1)];
    if (namespace === "" || gateway === "") {
      report(place, "config namespace and gateway name cannot be empty");
    }
    if (!isLabel(namespace)) report(place, `invalid value for namespace: ${quote(namespace)}`);
    if (!isLabel(gateway)) report(place, `invalid value for gateway name: ${quote(gateway)}`);
  }
}
