/** Services of a registry, for tests that do not care for most of what a service has. */
import type { Service } from "signet/registry/mod.ts";

/** A service of namespace `shop` without addresses, and whatever else is said of it. */
export function serviceOf(host: string, more: Partial<Service> = {}): Service {
  return {
    host,
    name: host.split(".")[0]!,
    namespace: "shop",
    registry: "External",
    addresses: [],
    autoAddresses: [],
    headless: false,
    externalName: "",
    ports: [],
    resolution: "STATIC",
    meshInternal: true,
    endpoints: [],
    exportTo: [],
    subjectAltNames: [],
    ...more,
  };
}
