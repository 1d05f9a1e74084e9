/** WorkloadGroups. */
import type { Corpus } from "./port.ts";

/** Documents of WorkloadGroup. */
export const WORKLOAD_GROUPS: Corpus = {
  apiVersion: "networking.istio.io/v1",
  kind: "WorkloadGroup",
  specs: [
    "{}",
    "{ template: {} }",
    "{ template: null }",
    "{ template: { ports: { http: 80 }, labels: { app: a }, network: n, locality: r/z, weight: 1, serviceAccount: s } }",
    "{ template: { ports: { http: 0 } } }",
    "{ template: { ports: { 'a b': 80 } } }",
    "{ template: { ports: { http: '80' } } }",
    `{ template: { ports: { ${"x".repeat(62)}: 80, ${"y".repeat(63)}: 80 } } }`,
    `{ template: { ports: { ${"x".repeat(62)}: 80 } } }`,
    "{ template: { labels: { 'a b': c } } }",
    "{ template: { address: 'a b' } }",
    "{ template: { address: 'unix:///run/a' } }",
    "{ template: { address: 'unix:///run/a', ports: { http: 80 } } }",
    "{ template: { address: 'unix://run' } }",
    "{ template: { address: 'unix:///run/' } }",
    `{ template: { serviceAccount: ${"x".repeat(254)} } }`,
    "{ template: {}, metadata: {} }",
    "{ template: {}, metadata: { labels: { app: a }, annotations: { 'any thing': 'at all' } } }",
    "{ template: {}, metadata: { labels: { app: 'a b' } } }",
    "{ template: {}, metadata: { labels: { 'a b': c } } }",
    "{ template: {}, metadata: { name: a } }",
    "{ template: {}, template2: {} }",
    ...[
      ...[
        "{}",
        "null",
        "{ httpGet: {} }",
        "{ httpGet: null }",
        "{ httpGet: { port: 80 } }",
        "{ httpGet: { port: 0 } }",
      ],
      ...[
        "{ httpGet: { port: http } }",
        "{ httpGet: { port: 80, path: /, host: a, scheme: HTTPS } }",
      ],
      ...["HTTP", "http", "''", "FTP"].map((scheme) =>
        `{ httpGet: { port: 80, scheme: ${scheme} } }`
      ),
      ...["x-a", "''", "x_a", "'a b'", "ä"].map((name) =>
        `{ httpGet: { port: 80, httpHeaders: [{ name: ${name}, value: b }] } }`
      ),
      ...[
        "{ httpGet: { port: 80, httpHeaders: [{ value: b }] } }",
        "{ httpGet: { port: 80, httpHeaders: [null] } }",
      ],
      ...[
        "{ tcpSocket: { port: 80 } }",
        "{ tcpSocket: {} }",
        "{ tcpSocket: { port: 70000, host: a } }",
      ],
      ...[
        "{ exec: { command: [a] } }",
        "{ exec: { command: [] } }",
        "{ exec: { command: [''] } }",
        "{ exec: {} }",
      ],
      ...["{ grpc: { port: 80 } }", "{ grpc: {} }", "{ grpc: { port: 80, service: s } }"],
      "{ exec: { command: [a] }, tcpSocket: { port: 80 } }",
      ...[
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
      ]
        .flatMap((field) => [
          `{ tcpSocket: { port: 80 }, ${field}: 1 }`,
          `{ tcpSocket: { port: 80 }, ${field}: -1 }`,
        ]),
      "{ tcpSocket: { port: 80 }, periodSeconds: 1.5 }",
    ].map((probe) => `{ template: {}, probe: ${probe} }`),
  ],
};
