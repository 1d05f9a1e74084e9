/** Every kind that signet reads, by name. */
import { DESTINATION_RULE, type DestinationRule } from "./destination_rule/destination_rule.ts";
import { GATEWAY, type Gateway } from "./gateway.ts";
import type { KindRule } from "./kind.ts";
import { PEER_AUTHENTICATION, type PeerAuthentication } from "./peer_authentication.ts";
import type { ServiceEntry, WorkloadEntry } from "./port.ts";
import { SERVICE_ENTRY } from "./service_entry.ts";
import { SIDECAR, type Sidecar } from "./sidecar.ts";
import { VIRTUAL_SERVICE, type VirtualService } from "./virtual_service/virtual_service.ts";
import { WORKLOAD_ENTRY } from "./workload_entry.ts";

/** The `spec` of each kind. */
export interface IstioSpecs {
  /** Connections to a host. */
  readonly DestinationRule: DestinationRule;
  /** Ports of a proxy at the edge. */
  readonly Gateway: Gateway;
  /** Mutual TLS of workloads. */
  readonly PeerAuthentication: PeerAuthentication;
  /** A service that no platform's registry knows. */
  readonly ServiceEntry: ServiceEntry;
  /** What proxies listen on and see. */
  readonly Sidecar: Sidecar;
  /** Where requests go. */
  readonly VirtualService: VirtualService;
  /** A workload outside of Kubernetes. */
  readonly WorkloadEntry: WorkloadEntry;
}

/** A kind that signet reads. */
export type IstioKind = keyof IstioSpecs;

/** What signet knows of each kind. */
export const KINDS: { readonly [Kind in IstioKind]: KindRule<IstioSpecs[Kind]> } = {
  DestinationRule: DESTINATION_RULE,
  Gateway: GATEWAY,
  PeerAuthentication: PEER_AUTHENTICATION,
  ServiceEntry: SERVICE_ENTRY,
  Sidecar: SIDECAR,
  VirtualService: VIRTUAL_SERVICE,
  WorkloadEntry: WORKLOAD_ENTRY,
};

/** The names of the kinds. */
export const ISTIO_KINDS = Object.keys(KINDS) as readonly IstioKind[];

/** Whether signet reads documents of this kind and group. */
export function isKindRead(kind: string, group: string): kind is IstioKind {
  return Object.hasOwn(KINDS, kind) && KINDS[kind as IstioKind].group === group;
}
