/**
 * The service registry: hosts of the mesh with their addresses, ports and endpoints, swapped whole on every change.
 *
 * @example From documents to services
 * ```ts
 * import { parseIstioFile } from "signet/istio/mod.ts";
 * import { buildServices } from "signet/registry/mod.ts";
 *
 * const { documents } = parseIstioFile(
 *   `
 * apiVersion: networking.istio.io/v1
 * kind: ServiceEntry
 * metadata: { name: db, namespace: shop }
 * spec: { hosts: [db.example], addresses: [10.0.0.7], ports: [{ number: 5432, name: tcp }] }
 * `,
 *   "db.yaml",
 * );
 * const { services } = buildServices(documents, { autoAddresses: undefined, previous: new Map() });
 * if (services[0]?.addresses[0] !== "10.0.0.7") throw new TypeError("Should be there");
 * ```
 *
 * @module
 */
export {
  type AddressPool,
  type AddressWish,
  allocateAddresses,
  type Allocations,
  parsePrefix,
} from "./auto_addresses.ts";
export { checkRegistry, type RegistryReport } from "./check.ts";
export type {
  AutoAddressPrefixes,
  Endpoint,
  RegistryConfig,
  RegistryName,
  RegistrySnapshot,
  Service,
  ServiceRegistry,
} from "./port.ts";
export { buildServices, type BuiltServices, type SelectPods } from "./services.ts";
export { openRegistry, type RegistryHost } from "./watch.ts";
