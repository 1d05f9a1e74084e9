/** What Istio's charts call the webhook configurations of a control plane. */

/** Names by what they are for. */
export interface ConfigurationNames {
  /** Of the one that injects. */
  readonly injection: string;
  /** Of the one that validates. */
  readonly validation: string;
}

/** The names of a revision in a namespace; those of the default revision in `istio-system` are the shortest. */
export function configurationNames(
  { revision, namespace }: { readonly revision: string; readonly namespace: string },
): ConfigurationNames {
  const suffix = revision === "default" ? "" : `-${revision}`;
  const place = namespace === "istio-system" ? "" : `-${namespace}`;
  return {
    injection: `istio-sidecar-injector${suffix}${place}`,
    validation: `istio-validator${suffix}-${namespace}`,
  };
}
