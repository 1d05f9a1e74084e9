/** Every kind that signet reads, by name. */
import {
  AUTHORIZATION_POLICY,
  type AuthorizationPolicy,
} from "./authorization_policy/authorization_policy.ts";
import { DESTINATION_RULE, type DestinationRule } from "./destination_rule/destination_rule.ts";
import { GATEWAY, type Gateway } from "./gateway.ts";
import type { KindRule } from "./kind.ts";
import { PEER_AUTHENTICATION, type PeerAuthentication } from "./peer_authentication.ts";
import type { ServiceEntry, WorkloadEntry } from "./port.ts";
import { PROXY_CONFIG, type ProxyConfig } from "./proxy_config.ts";
import {
  REQUEST_AUTHENTICATION,
  type RequestAuthentication,
} from "./request_authentication/request_authentication.ts";
import { SERVICE_ENTRY } from "./service_entry.ts";
import { SIDECAR, type Sidecar } from "./sidecar.ts";
import { VIRTUAL_SERVICE, type VirtualService } from "./virtual_service/virtual_service.ts";
import { WORKLOAD_ENTRY } from "./workload_entry.ts";
import { WORKLOAD_GROUP, type WorkloadGroup } from "./workload_group.ts";

/** The `spec` of each kind. */
export interface IstioSpecs {
  /** Who may call what. */
  readonly AuthorizationPolicy: AuthorizationPolicy;
  /** Connections to a host. */
  readonly DestinationRule: DestinationRule;
  /** Ports of a proxy at the edge. */
  readonly Gateway: Gateway;
  /** Mutual TLS of workloads. */
  readonly PeerAuthentication: PeerAuthentication;
  /** What a proxy starts with. */
  readonly ProxyConfig: ProxyConfig;
  /** Tokens that requests bring. */
  readonly RequestAuthentication: RequestAuthentication;
  /** A service that no platform's registry knows. */
  readonly ServiceEntry: ServiceEntry;
  /** What proxies listen on and see. */
  readonly Sidecar: Sidecar;
  /** Where requests go. */
  readonly VirtualService: VirtualService;
  /** A workload outside of Kubernetes. */
  readonly WorkloadEntry: WorkloadEntry;
  /** Workloads that register themselves. */
  readonly WorkloadGroup: WorkloadGroup;
}

/** A kind that signet reads. */
export type IstioKind = keyof IstioSpecs;

/** What signet knows of each kind. */
export const KINDS: { readonly [Kind in IstioKind]: KindRule<IstioSpecs[Kind]> } = {
  AuthorizationPolicy: AUTHORIZATION_POLICY,
  DestinationRule: DESTINATION_RULE,
  Gateway: GATEWAY,
  PeerAuthentication: PEER_AUTHENTICATION,
  ProxyConfig: PROXY_CONFIG,
  RequestAuthentication: REQUEST_AUTHENTICATION,
  ServiceEntry: SERVICE_ENTRY,
  Sidecar: SIDECAR,
  VirtualService: VIRTUAL_SERVICE,
  WorkloadEntry: WORKLOAD_ENTRY,
  WorkloadGroup: WORKLOAD_GROUP,
};

/** The names of the kinds. */
export const ISTIO_KINDS = Object.keys(KINDS) as readonly IstioKind[];

/** Whether signet reads documents of this kind and group. */
export function isKindRead(kind: string, group: string): kind is IstioKind {
  return Object.hasOwn(KINDS, kind) && KINDS[kind as IstioKind].group === group;
}

/** The API group and the versions, newest first, in which each kind is served. */
export const KIND_GROUPS: {
  readonly [Kind in IstioKind]: Pick<KindRule<IstioSpecs[Kind]>, "group" | "versions">;
} = KINDS;
