/** All authenticators in their order, made from the settings: the same list serves calls and explains tokens. */
import { type Clock, isSignetError, messageOf, parseIpPrefix } from "../base/mod.ts";
import { followPods, type KubeClient, type PodIndex } from "../kube/mod.ts";
import type { Hasher } from "../crypto/mod.ts";
import type { StateDatabase } from "../store/mod.ts";
import { EVENT, type Logger, METRIC, type Metrics } from "../telemetry/mod.ts";
import { createDocumentClient, type DocumentClient } from "./client.ts";
import { clientCertificateAuthenticator } from "./client_certificate.ts";
import { type ClusterKeys, followClusterKeys } from "./cluster_keys.ts";
import { readOwnToken } from "./file.ts";
import { idTokenAuthenticator } from "./id_token.ts";
import type { ClaimRules } from "./id_token_claims.ts";
import { createIssuer, type Issuer } from "./issuer.ts";
import { joinTokenAuthenticator } from "./join_token.ts";
import { kubeTokenAuthenticator, type KubeTokenConfig } from "./kube_token.ts";
import { outOfClusterRules, type OwnToken } from "./own_token.ts";
import { type AuthorizeNode, createNodeAuthorizer } from "./node_authorizer.ts";
import type { Authenticator } from "./port.ts";
import { followRemoteClusters, type RemoteClusters } from "./remote_clusters.ts";
import { forwardedBy, xfccAuthenticator } from "./xfcc.ts";

/** Settings of authentication. */
export interface AuthnConfig {
  /** `JWT_RULE`; `undefined` without. */
  readonly jwtRule: (ClaimRules & { readonly jwksUri: string | undefined }) | undefined;
  /** `TOKEN_ISSUER` and `AUDIENCE`, either may be empty; `undefined` in a cluster, where they have no effect. */
  readonly outOfCluster: { readonly issuer: string; readonly audience: string } | undefined;
  /** File with the roots that issuers are checked against; empty takes the system's. */
  readonly rootsFile: string;
  /** Tokens that the cluster vouches for, where there is a cluster. */
  readonly kube: KubeTokenConfig;
  /** Namespace of the Secrets with kubeconfigs of remote clusters; `undefined` has none. */
  readonly remoteClustersNamespace: string | undefined;
  /** Service accounts that may ask in the name of pods on their node, `namespace/name`. */
  readonly trustedNodeAccounts: readonly string[];
  /** Prefixes of the gateways whose header about a client's certificate is believed; none has no such gateway. */
  readonly trustedGateways: readonly string[];
}

/** What authenticators need of the world. */
export interface AuthnHost {
  /** Join tokens; without it there are none. */
  readonly database: Pick<StateDatabase, "tokens"> | undefined;
  /** The cluster; without it no token of a service account is taken. */
  readonly kube: {
    readonly client: KubeClient;
    /** A number from 0 up to 1. */
    readonly random: () => number;
  } | undefined;
  /** Time. */
  readonly clock: Clock;
  /** The mesh's trust domain now. */
  readonly trustDomain: () => string;
  /** For keys that were fetched or could not be. */
  readonly logger: Logger;
  /** For counters. */
  readonly metrics: Metrics;
  /** Makes digests. Default: node:crypto. */
  readonly crypto?: Hasher;
}

/** Authenticators in order; disposing ends what they do in the background. */
export interface Authenticators extends AsyncDisposable {
  /** In the order in which they are asked. */
  readonly list: readonly Authenticator[];
  /** Says whether a caller may be issued another's certificate. */
  readonly authorizeNode: AuthorizeNode;
}

/**
 * Makes the authenticators: client certificate, join token, `JWT_RULE`, Kubernetes, forwarded certificate, issuer outside a cluster.
 *
 * @throws {SignetError} `authn.issuer_unreachable` when the issuer of `JWT_RULE` has to be discovered and cannot be; `config.unreadable`.
 */
export async function createAuthenticators(
  config: AuthnConfig,
  host: AuthnHost,
): Promise<Authenticators> {
  await using opened = new AsyncDisposableStack();
  const gateways = config.trustedGateways.map(parseIpPrefix).filter((one) => one !== undefined);
  const isForwarded = forwardedBy(gateways);
  const list: Authenticator[] = [clientCertificateAuthenticator({ isForwarded })];
  if (host.database !== undefined) {
    list.push(joinTokenAuthenticator({ ...host, tokens: host.database.tokens }));
  }
  const outside = await outsideIssuer(config, host);
  let documents: DocumentClient | undefined;
  const add = async (rules: ClaimRules, jwksUri: string | undefined) => {
    documents ??= opened.use(await createDocumentClient(config.rootsFile));
    const issuer = opened.use(openIssuer(rules.issuer, jwksUri, { ...host, documents }));
    list.push(idTokenAuthenticator(rules, { ...host, issuer }));
    return issuer;
  };
  if (config.jwtRule !== undefined) {
    const issuer = await add(config.jwtRule, config.jwtRule.jwksUri);
    if (config.jwtRule.jwksUri === undefined) await issuer.load();
  }
  const clusters = openClusters(config, host, opened);
  if (host.kube !== undefined) {
    const { client } = host.kube;
    const keys = opened.use(followKeys({ ...host, client }));
    const { remote } = clusters;
    list.push(kubeTokenAuthenticator(config.kube, { ...host, client, keys, remote }));
  }
  if (gateways.length > 0) list.push(xfccAuthenticator(gateways));
  // Failures are logged by the issuer, and the next token tries again.
  if (outside !== undefined) await loadIfReachable(await add(outside, undefined));
  const kept = opened.move();
  return {
    list,
    authorizeNode: createNodeAuthorizer({
      trustedAccounts: new Set(config.trustedNodeAccounts),
      podsOf: clusters.podsOf,
      trustDomain: host.trustDomain,
    }),
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

interface Clusters {
  readonly remote: RemoteClusters | undefined;
  readonly podsOf: (clusterId: string) => PodIndex | undefined;
}

/** Remote clusters, and the pods of all, each only where it is asked for. */
function openClusters(
  { kube: rules, remoteClustersNamespace: namespace, trustedNodeAccounts }: AuthnConfig,
  host: AuthnHost,
  opened: AsyncDisposableStack,
): Clusters {
  if (host.kube === undefined) return { remote: undefined, podsOf: () => undefined };
  const followsPods = trustedNodeAccounts.length > 0;
  const world = { ...host, ...host.kube };
  const own = followsPods
    ? opened.use(followPods({
      ...world,
      onFailure: (thrown) =>
        host.logger.scoped("kube").warn(EVENT.kubeFailed, "Cannot follow the cluster's pods", {
          reason: messageOf(thrown),
        }),
    }))
    : undefined;
  const { clusterId: ownClusterId } = rules;
  const remote = namespace === undefined
    ? undefined
    : opened.use(followRemoteClusters({ namespace, ownClusterId, rules, followsPods }, world));
  return { remote, podsOf: (id) => id === ownClusterId ? own : remote?.find(id)?.pods };
}

function followKeys(host: AuthnHost & { readonly client: KubeClient }): ClusterKeys {
  const logger = host.logger.scoped("authn");
  return followClusterKeys({
    ...host,
    onAway: (thrown) =>
      logger.warn(
        EVENT.apiServerAway,
        "Cannot fetch the cluster's keys: tokens of service accounts are judged by those that are known, as long as that is allowed",
        { reason: messageOf(thrown) },
      ),
    onBack: () => logger.info(EVENT.apiServerBack, "The API server answers again"),
  });
}

async function loadIfReachable(issuer: Issuer): Promise<void> {
  try {
    await issuer.load();
  } catch (thrown) {
    if (!isSignetError(thrown, "authn.issuer_unreachable")) throw thrown;
  }
}

async function outsideIssuer(
  { outOfCluster }: AuthnConfig,
  { logger }: AuthnHost,
): Promise<ClaimRules | undefined> {
  if (outOfCluster === undefined) return undefined;
  let own: OwnToken | undefined;
  try {
    own = await readOwnToken();
  } catch (thrown) {
    logger.error(EVENT.ownTokenFailed, "Cannot use the server's own token", {}, thrown);
  }
  return outOfClusterRules(outOfCluster, own);
}

function openIssuer(
  issuer: string,
  jwksUri: string | undefined,
  host: AuthnHost & { readonly documents: DocumentClient },
): Issuer {
  const logger = host.logger.scoped("authn");
  const count = (result: "ok" | "failed") =>
    host.metrics.counter(METRIC.issuerKeyFetches, { result }).inc();
  return createIssuer({ issuer, jwksUri }, {
    ...host,
    onLoaded() {
      count("ok");
      logger.info(EVENT.issuerKeysLoaded, "Fetched the issuer's keys", { issuer });
    },
    onFailure(thrown) {
      count("failed");
      logger.error(
        EVENT.issuerKeysFailed,
        "Cannot fetch the issuer's keys; those that are known stay in force",
        { issuer },
        thrown,
      );
    },
  });
}
