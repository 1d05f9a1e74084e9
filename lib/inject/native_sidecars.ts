/** Whether a cluster runs init containers that stay (Kubernetes' KEP 753). */
import { asText, type KubeClient } from "../kube/mod.ts";

/**
 * From this minor version of the API server on, every node runs them: kubelets may be three versions behind, and have had them since 1.29.
 */
const FIRST_MINOR = 33;

/**
 * Asks the API server for its version.
 *
 * @throws {SignetError} as {@linkcode KubeClient.request}.
 */
export async function supportsNativeSidecars(client: KubeClient): Promise<boolean> {
  const { major, minor } = await client.request({ path: "/version" });
  const [, number] = /^([0-9]+)/.exec(asText(minor)) ?? [];
  return Number(asText(major)) > 1 || Number(number ?? 0) >= FIRST_MINOR;
}
