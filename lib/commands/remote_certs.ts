/** `USE_REMOTE_CERTS`: the plugged-in CA of the cluster's Secret `cacerts`, copied into `ROOT_CA_DIR` when nothing is there. */
import type { Clock } from "../base/mod.ts";
import type { Config } from "../config/mod.ts";
import { openCluster, readPluggedInSecret } from "../kube/mod.ts";
import { pluggedInCa, writePluggedIn } from "../store/mod.ts";
import { EVENT, type Logger } from "../telemetry/mod.ts";

/**
 * Copies it once, before anything else looks at the folder; a Secret that is not there is no error.
 *
 * @throws {SignetError} `kube.*`, `store.*`: a folder with half a CA in it among them.
 */
export async function copyRemoteCerts(
  { ca, kube }: Config,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<void> {
  const { directory, fromCluster } = ca.pluggedIn;
  if (!fromCluster || directory === undefined || kube === undefined) return;
  if (await pluggedInCa({ directory, withCrl: false }).read() !== undefined) return;
  using cluster = await openCluster(kube.access, { clock });
  const files = cluster && await readPluggedInSecret(cluster.client, kube.namespace);
  const facts = { secret: `${kube.namespace}/cacerts`, directory };
  if (files === undefined) {
    logger.scoped("ca").info(EVENT.configNotice, "There is no plugged-in CA in the cluster", facts);
    return;
  }
  await writePluggedIn(directory, files);
  logger.scoped("ca").info(EVENT.configNotice, "Copied the cluster's plugged-in CA", facts);
}
