/** The options of the admission webhooks. istiod's names. */
import { addressOption } from "./address.ts";
import { textOption } from "./option.ts";

/** What an API server asks before it stores something. */
export const WEBHOOK_OPTIONS = {
  httpsAddr: addressOption({
    flag: "httpsAddr",
    fallback: ":15017",
    help:
      "/inject and /validate over HTTPS, for an API server; empty serves them on the HTTP ports",
  }),
  injectionWebhookConfigName: textOption({
    variable: "INJECTION_WEBHOOK_CONFIG_NAME",
    fallback: "istio-sidecar-injector",
    help:
      "in a cluster: keep the roots in MutatingWebhookConfigurations of this revision, whatever their names; empty leaves them alone",
  }),
  validationWebhookConfigName: textOption({
    variable: "VALIDATION_WEBHOOK_CONFIG_NAME",
    fallback: "istio-istio-system",
    help:
      "in a cluster: the same for ValidatingWebhookConfigurations, which fail closed once a refusal is proven; empty leaves them alone",
  }),
} as const;
