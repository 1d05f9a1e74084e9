/** The Kubernetes cluster: whether its API server answers, and whether it lets signet do what it would do. */
import { isSignetError } from "../../base/mod.ts";
import type { Config } from "../../config/mod.ts";
import {
  asText,
  describePermission,
  isAllowed,
  openCluster,
  type PermissionScope,
  serverPermissions,
} from "../../kube/mod.ts";
import { pluggedInCa } from "../../store/mod.ts";
import { configurationNames } from "../../webhook/mod.ts";
import type { CommandHost } from "../port.ts";
import { fault, guarded, type Look, ok, warning } from "./look.ts";

/** Asks the cluster, when there is one. */
export function lookAtCluster(
  config: Config,
  { clock }: Pick<CommandHost, "clock">,
): Promise<readonly Look[]> {
  const about = "Kubernetes";
  const { kube } = config;
  if (kube === undefined) return Promise.resolve([]);
  return guarded(about, async () => {
    using cluster = await openCluster(kube.access, { clock });
    if (cluster === undefined) {
      return [warning(about, "this pod has no service account token: its cluster is not used")];
    }
    const { client, from } = cluster;
    const version = asText((await client.request({ path: "/version" }))["gitVersion"]);
    const looks: Look[] = [ok(about, `${client.server} (${version}), by ${from}`)];
    const keepsCa = config.ca.enabled && !await hasPluggedIn(config);
    for (const permission of serverPermissions(scopeOf(config, kube, keepsCa))) {
      if (await isAllowed(client, permission)) continue;
      looks.push(fault(about, `signet may not ${describePermission(permission)}`));
    }
    return looks;
  });
}

/** With a plugged-in CA, also one that cannot be used, nothing is asked of the Secret. */
async function hasPluggedIn({ ca }: Config): Promise<boolean> {
  const { directory, withCrl, skipGenerated } = ca.pluggedIn;
  if (directory === undefined) return false;
  try {
    return await pluggedInCa({ directory, withCrl, skipGenerated }).read() !== undefined;
  } catch (thrown) {
    if (isSignetError(thrown)) return true;
    throw thrown;
  }
}

function scopeOf(
  { ca, cert, signers, mesh, webhook, authn, inject }: Config,
  kube: NonNullable<Config["kube"]>,
  ownsCa: boolean,
): PermissionScope {
  const { namespace, useCacerts, distribution } = kube;
  const names = [distribution?.rootConfigMap, distribution?.crlConfigMap];
  return {
    ...{ namespace, useCacerts },
    ownsCa,
    electsLeader: kube.electsLeader,
    configMaps: names.filter((name) => name !== undefined),
    selectsNamespaces: mesh.discoverySelectors.length > 0,
    injectConfigMap: inject?.configMap?.name,
    signers: signersOf({ cert, signers }),
    meshConfigMaps: [mesh.configMaps?.name, mesh.configMaps?.shared].filter((name) =>
      name !== undefined
    ),
    trustBundle: distribution !== undefined && distribution.rootConfigMap === undefined,
    remoteClustersNamespace: authn.remoteClustersNamespace,
    remoteCerts: ca.pluggedIn.fromCluster,
    webhooks: webhooksOf(webhook),
  };
}

function webhooksOf({ cluster }: Config["webhook"]): PermissionScope["webhooks"] {
  if (cluster === undefined) return { injection: undefined, validation: undefined };
  const { injection, validation } = configurationNames(cluster);
  return {
    injection: cluster.patchesInjection ? injection : undefined,
    validation: cluster.patchesValidation ? validation : undefined,
  };
}

/** Each once; one of the domain is among the domain's. */
function signersOf({ cert, signers }: Pick<Config, "cert" | "signers">): readonly string[] {
  const { signerName = "", signerDomain = "" } = signers?.workloads ?? {};
  const named = [signerName, cert.signerName ?? ""]
    .filter((name) => name !== "" && (signerDomain === "" || !name.startsWith(`${signerDomain}/`)));
  return [...new Set(signerDomain === "" ? named : [...named, `${signerDomain}/*`])];
}
