/** ProxyConfig (`networking.istio.io`): settings that a proxy starts with, by workload. */
import { type KindRule, type SpecOf } from "./kind.ts";
import { map, object } from "./schema/collection.ts";
import { below } from "./schema/port.ts";
import { int32, nullable, text } from "./schema/scalar.ts";
import { checkSelector, warnOfEmptySelector, WORKLOAD_SELECTOR } from "./selector.ts";

const SPEC = object({
  selector: WORKLOAD_SELECTOR,
  concurrency: nullable(int32({ min: 0 })),
  environmentVariables: map(text({ max: 2048 })),
  image: object({ imageType: text() }),
});

/** `spec` of a ProxyConfig. */
export type ProxyConfig = SpecOf<typeof SPEC>;

/** What signet knows of ProxyConfig. */
export const PROXY_CONFIG: KindRule<ProxyConfig> = {
  group: "networking.istio.io",
  versions: ["v1beta1"],
  schema: SPEC,
  needsSpec: false,
  check({ selector }, at) {
    if (selector === undefined) return;
    checkSelector(selector.matchLabels, below(at, "selector"), "matchLabels");
    warnOfEmptySelector(selector.matchLabels, below(at, "selector"));
  },
};
