/** PeerAuthentications. */
import type { Corpus } from "./port.ts";

/** Documents of PeerAuthentication. */
export const PEER_AUTHENTICATIONS: Corpus = {
  apiVersion: "security.istio.io/v1",
  kind: "PeerAuthentication",
  specs: [
    "{}",
    "{ mtls: {} }",
    ...["UNSET", "DISABLE", "PERMISSIVE", "STRICT", "strict", "MUTUAL", "''", "3", "null", "[]"]
      .map((mode) => `{ mtls: { mode: ${mode} } }`),
    "{ mtls: STRICT }",
    "{ mtls: { mode: STRICT, modus: STRICT } }",
    "{ mtls: { mode: STRICT }, mlts: {} }",
    "{ selector: {} }",
    "{ selector: { matchLabels: {} } }",
    "{ selector: { matchLabels: { app: a } } }",
    "{ selector: { matchLabels: { app: '*' } } }",
    "{ selector: { matchLabels: { 'a*': b } } }",
    "{ selector: { matchLabels: { '': b } } }",
    "{ selector: { matchLabels: { a: '' } } }",
    "{ selector: { matchLabels: { a: 1 } } }",
    "{ selector: { matchLabels: { a: true } } }",
    "{ selector: { matchLabels: { a: null } } }",
    "{ selector: { matchLabels: [a] } }",
    `{ selector: { matchLabels: { a: ${"x".repeat(63)} } } }`,
    `{ selector: { matchLabels: { a: ${"x".repeat(64)} } } }`,
    "{ selector: { labels: { app: a } } }",
    "{ portLevelMtls: { 80: { mode: STRICT } } }",
    "{ selector: {}, portLevelMtls: { 80: { mode: STRICT } } }",
    "{ selector: { matchLabels: { app: a } }, portLevelMtls: {} }",
    ...["80", "0", "65535", "65536", "http", "-1", "'080'", "'1.5'", "''"].map((port) =>
      `{ selector: { matchLabels: { app: a } }, portLevelMtls: { ${port}: { mode: STRICT } } }`
    ),
    "{ selector: { matchLabels: { app: a } }, portLevelMtls: { 80: {}, 81: { mode: UNSET } } }",
    "{ selector: { matchLabels: { app: a } }, portLevelMtls: { 80: { mode: YES } } }",
    "{ selector: { matchLabels: { app: a } }, portLevelMtls: { 80: null } }",
  ],
};
