/** Documents of every kind that signet reads. */
import { AUTHORIZATION_POLICIES } from "./authorization_policy.ts";
import { DESTINATION_RULES } from "./destination_rule.ts";
import { GATEWAYS } from "./gateway.ts";
import { PEER_AUTHENTICATIONS } from "./peer_authentication.ts";
import type { Corpus } from "./port.ts";
import { PROXY_CONFIGS } from "./proxy_config.ts";
import { REQUEST_AUTHENTICATIONS } from "./request_authentication.ts";
import { SERVICE_ENTRIES } from "./service_entry.ts";
import { SIDECARS } from "./sidecar.ts";
import { VIRTUAL_SERVICES } from "./virtual_service.ts";
import { WORKLOAD_ENTRIES } from "./workload_entry.ts";
import { WORKLOAD_GROUPS } from "./workload_group.ts";

/** One corpus a kind. */
export const CORPORA: readonly Corpus[] = [
  ...[AUTHORIZATION_POLICIES, DESTINATION_RULES, GATEWAYS, PEER_AUTHENTICATIONS, PROXY_CONFIGS],
  ...[REQUEST_AUTHENTICATIONS, SERVICE_ENTRIES, SIDECARS, VIRTUAL_SERVICES, WORKLOAD_ENTRIES],
  WORKLOAD_GROUPS,
];
