/** An xDS server over a registry that a test sets, and streams on it. */
import type { Authenticator } from "signet/authn/mod.ts";
import { clientCertificateAuthenticator } from "../../lib/authn/client_certificate.ts";
import { createMetrics } from "signet/telemetry/mod.ts";
import {
  createXdsServer,
  TYPE_URL,
  type XdsConfig,
  type XdsResponse,
  type XdsServer,
} from "signet/xds/mod.ts";
import { createFakeClock, type FakeClock } from "./fake_clock.ts";
import { recordLogs } from "./log_records.ts";
import { serviceEntry, type TestRegistry, testRegistry } from "./mesh.ts";
import { credentials, NODE, openDelta, type XdsClient } from "./xds_client.ts";

const { cluster: CDS, endpoints: EDS, listener: LDS, routes: RDS } = TYPE_URL;
/** What a server has without variables, but for new streams at any rate. */
const CONFIG: XdsConfig = {
  authenticates: true,
  authenticatesPlaintext: false,
  checksIdentity: true,
  newStreamsPerSecond: 1_000,
  debounceAfterMs: 100,
  debounceMaxMs: 10_000,
  pushThrottle: undefined,
  validatesTrustDomain: true,
  rootNamespace: "istio-system",
};
/** Service `a`: requests on port 8080. */
export const A = serviceEntry({
  name: "a",
  endpoints: "[{ address: 10.0.0.1, serviceAccount: sa }]",
});
/** Service `b`: bytes on port 3306. */
export const B = serviceEntry({ name: "b", port: 3306, protocol: "TCP" });
/** The cluster of `a`. */
export const CLUSTER_A = "outbound|8080||a.example";
/** Clusters that every proxy has. */
export const FIXED = ["BlackHoleCluster", "PassthroughCluster"];

/** A server and what it is over. */
export interface World {
  readonly server: XdsServer;
  readonly registry: TestRegistry;
  readonly clock: FakeClock;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly logs: ReturnType<typeof recordLogs>;
}

/** Runs `body` with a server; services `a` (HTTP) and `b` (TCP) are there unless `yaml` says otherwise. */
export async function withServer(
  body: (world: World) => Promise<void>,
  { yaml = A + B, config = {}, authenticators = [clientCertificateAuthenticator()] }: {
    readonly yaml?: string;
    readonly config?: Partial<XdsConfig>;
    readonly authenticators?: readonly Authenticator[];
  } = {},
): Promise<void> {
  const clock = createFakeClock(Date.UTC(2026, 0, 1));
  const [registry, logs, metrics] = [testRegistry(yaml), recordLogs(), createMetrics()];
  await using server = createXdsServer({ ...CONFIG, ...config }, {
    ...{ clock, registry, metrics, logger: logs.logger, processors: 2 },
    authenticators,
    trustDomain: () => "cluster.local",
  });
  await body({ server, registry, clock, metrics, logs });
}

/** What the four responses of a start were. */
export interface Started {
  readonly client: XdsClient;
  readonly clusters: XdsResponse | undefined;
  readonly assignments: XdsResponse | undefined;
  readonly listeners: XdsResponse | undefined;
  readonly routes: XdsResponse | undefined;
}

/** Opens a stream and takes it through a start as a real Envoy makes it. */
export async function start(
  server: XdsServer,
  options: { readonly isSlow?: boolean } = {},
): Promise<Started> {
  const client = openDelta(server, credentials(), options);
  client.ask({ typeUrl: CDS, node: NODE });
  const clusters = await client.next();
  client.ask({ typeUrl: CDS, responseNonce: clusters!.nonce });
  client.ask({ typeUrl: EDS, subscribe: [CLUSTER_A] });
  const assignments = await client.next();
  client.ask({ typeUrl: EDS, responseNonce: assignments!.nonce });
  client.ask({ typeUrl: LDS });
  const listeners = await client.next();
  client.ask({ typeUrl: RDS, subscribe: ["8080"] });
  client.ask({ typeUrl: LDS, responseNonce: listeners!.nonce });
  const routes = await client.next();
  client.ask({ typeUrl: RDS, responseNonce: routes!.nonce });
  return { client, clusters, assignments, listeners, routes };
}

/** Lets the server take up everything that was asked. */
export async function settle(clock: FakeClock): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await clock.advance(0);
}
