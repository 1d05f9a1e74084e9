/**
 * Documents of Istio's kinds: from YAML to checked values, with every fault of a file named by line and field. Pure.
 *
 * Fields keep the names of Istio's API. A field that is not written has the zero of the API (an empty text or list, 0, false, the first
 * word of a choice), or is `undefined` where its absence says something: messages, wrappers, members of a oneof, and durations, which are
 * milliseconds.
 *
 * @example Read a file
 * ```ts
 * import { parseIstioFile } from "signet/istio/mod.ts";
 *
 * const { documents, faults } = parseIstioFile(
 *   `
 * apiVersion: networking.istio.io/v1
 * kind: WorkloadEntry
 * metadata: { name: vm-1, namespace: shop }
 * spec: { address: 10.0.0.7 }
 * `,
 *   "vm.yaml",
 * );
 * if (faults.length > 0 || documents[0]?.kind !== "WorkloadEntry") throw new TypeError("Should be read");
 * ```
 *
 * @module
 */
export {
  documentToJson,
  type Fault,
  type Finding,
  type IstioDocument,
  MAX_FINDINGS,
  type ParsedDocument,
  parseDocument,
  type ParseOptions,
} from "./document.ts";
export type {
  AuthorizationOperation,
  AuthorizationPolicy,
  AuthorizationRule,
  AuthorizationSource,
} from "./authorization_policy/authorization_policy.ts";
export type {
  JwtRule,
  RequestAuthentication,
} from "./request_authentication/request_authentication.ts";
export type { ProxyConfig } from "./proxy_config.ts";
export type { WorkloadGroup } from "./workload_group.ts";
export { ISTIO_KINDS, type IstioKind, type IstioSpecs, KIND_GROUPS } from "./kinds.ts";
export type { DestinationRule, Subset } from "./destination_rule/destination_rule.ts";
export type { LoadBalancer } from "./destination_rule/load_balancer.ts";
export type {
  OutlierDetection,
  PortTrafficPolicy,
  TrafficPolicy,
} from "./destination_rule/traffic_policy.ts";
export type { ConnectionPool } from "./connection_pool.ts";
export type { Destination } from "./destination.ts";
export type { Gateway, GatewayServer } from "./gateway.ts";
export type { PeerAuthentication } from "./peer_authentication.ts";
export type {
  DocumentFault,
  DocumentPlace,
  ObjectMeta,
  Resolution,
  ServiceEntry,
  ServicePort,
  UnreadDocument,
  WorkloadEntry,
} from "./port.ts";
export { isProtocol } from "./protocol.ts";
export { type FaultSource, type FieldPath, formatPath, type Json } from "./schema/port.ts";
export type { Sidecar, SidecarEgress, SidecarIngress } from "./sidecar.ts";
export type { VirtualService } from "./virtual_service/virtual_service.ts";
export type { Headers } from "./virtual_service/headers.ts";
export type { HttpRoute } from "./virtual_service/http.ts";
export type { HttpMatch } from "./virtual_service/match.ts";
export type { TcpRoute, TlsRoute } from "./virtual_service/l4.ts";
export type { StringMatch } from "./virtual_service/string_match.ts";
export type { ClientTls, ServerTls } from "./tls_settings.ts";
export { MAX_FILE_CHARS, type ParsedFile, parseIstioFile } from "./yaml_file.ts";
