/** ProxyConfigs. */
import type { Corpus } from "./port.ts";

/** Documents of ProxyConfig. */
export const PROXY_CONFIGS: Corpus = {
  apiVersion: "networking.istio.io/v1beta1",
  kind: "ProxyConfig",
  specs: [
    "{}",
    ...["0", "1", "-1", "null", "'1'", "1.5", "2147483648"].map((each) =>
      `{ concurrency: ${each} }`
    ),
    "{ image: {} }",
    "{ image: { imageType: distroless } }",
    "{ image: distroless }",
    "{ environmentVariables: { A: b } }",
    "{ environmentVariables: { A: 1 } }",
    "{ environmentVariables: { A: null } }",
    "{ environmentVariables: { '': '' } }",
    `{ environmentVariables: { A: ${"x".repeat(2048)} } }`,
    `{ environmentVariables: { A: ${"x".repeat(2049)} } }`,
    "{ selector: {} }",
    "{ selector: { matchLabels: { app: a } } }",
    "{ selector: { matchLabels: { app: 'a*' } } }",
    "{ selector: { matchLabels: { '': a } } }",
    "{ workloadSelector: {} }",
    "{ concurrency: 1, image: { imageType: a }, environmentVariables: {}, selector: { matchLabels: { a: b } } }",
  ],
};
