/** VirtualServices. */
import { HTTP_MATCHES } from "./http_match.ts";
import type { Corpus } from "./port.ts";

const ROUTE = "route: [{ destination: { host: a } }]";
/** Documents with one route of HTTP, of these fields. */
const http = (...routes: readonly string[]) =>
  routes.map((route) => `{ hosts: [a], http: [${route}] }`);
const match = (...matches: readonly string[]) =>
  http(...matches.map((each) => `{ match: [${each}], ${ROUTE} }`));

const HTTP_ROUTES = [
  "{}",
  "null",
  `{ ${ROUTE} }`,
  "{ route: [] }",
  "{ route: [{}] }",
  "{ route: [null] }",
  "{ route: [{ destination: {} }] }",
  ...["a", "a.example", "'*'", "'*.example'", "''", "a_b", "10.0.0.1"].map((host) =>
    `{ route: [{ destination: { host: ${host} } }] }`
  ),
  "{ route: [{ destination: { host: a, subset: v1, port: { number: 80 } } }] }",
  "{ route: [{ destination: { host: a, subset: v_1 } }] }",
  "{ route: [{ destination: { host: a, port: { number: 0 } } }] }",
  "{ route: [{ destination: { host: a, port: {} } }] }",
  "{ route: [{ destination: { host: a, port: { number: 70000 } } }] }",
  "{ route: [{ destination: { host: a, port: { name: http } } }] }",
  "{ route: [{ destination: { host: a }, weight: 0 }] }",
  "{ route: [{ destination: { host: a }, weight: -1 }] }",
  "{ route: [{ destination: { host: a } }, { destination: { host: b } }] }",
  "{ route: [{ destination: { host: a }, weight: 90 }, { destination: { host: b }, weight: 20 }] }",
  "{ route: [{ destination: { host: a }, weight: 2147483647 }, { destination: { host: b }, weight: 1 }] }",
  `{ ${ROUTE}, redirect: { uri: / } }`,
  `{ ${ROUTE}, directResponse: { status: 200 } }`,
  "{ redirect: {} }",
  "{ redirect: { uri: / } }",
  "{ redirect: { authority: a } }",
  "{ redirect: { scheme: https } }",
  "{ redirect: { scheme: ftp } }",
  "{ redirect: { port: 80 } }",
  "{ redirect: { port: 0 } }",
  "{ redirect: { port: 70000 } }",
  "{ redirect: { derivePort: FROM_REQUEST_PORT } }",
  "{ redirect: { derivePort: FROM_NOWHERE } }",
  "{ redirect: { port: 80, derivePort: FROM_REQUEST_PORT } }",
  "{ redirect: { uri: /, redirectCode: 308 } }",
  "{ redirect: { uri: /, redirectCode: 299 } }",
  "{ redirect: { uri: /, redirectCode: 400 } }",
  "{ redirect: { uri: / }, fault: { abort: { httpStatus: 500 } } }",
  "{ redirect: { uri: / }, rewrite: { uri: / } }",
  "{ redirect: { uri: / }, directResponse: { status: 200 } }",
  "{ redirect: { uri: / }, mirror: { host: a }, mirrors: [{ destination: { host: a } }] }",
  "{ redirect: { uri: '%PREFIX()%' } }",
  "{ directResponse: {} }",
  ...["199", "200", "599", "600", "601", "4294967295"].map((status) =>
    `{ directResponse: { status: ${status} } }`
  ),
  "{ directResponse: { status: 200, body: { string: hello } } }",
  "{ directResponse: { status: 200, body: { bytes: aGVsbG8= } } }",
  "{ directResponse: { status: 200, body: { bytes: 'not base64' } } }",
  "{ directResponse: { status: 200, body: { bytes: aGVsbG8 } } }",
  "{ directResponse: { status: 200, body: { string: a, bytes: aGVsbG8= } } }",
  "{ directResponse: { status: 200, body: {} } }",
  `{ directResponse: { status: 200, body: { string: ${"x".repeat(102_401)} } } }`,
  `{ directResponse: { status: 200, body: { string: ${"x".repeat(1_048_577)} } } }`,
  "{ directResponse: { status: 200 }, fault: { abort: { httpStatus: 500 } } }",
  "{ directResponse: { status: 200 }, rewrite: { uri: / } }",
  "{ delegate: { name: b, namespace: c } }",
  "{ delegate: {} }",
  `{ delegate: { name: b }, ${ROUTE} }`,
  "{ delegate: { name: b }, redirect: { uri: / } }",
  "{ delegate: { name: b }, directResponse: { status: 200 } }",
  ...[
    "{}",
    "{ uri: / }",
    "{ authority: a }",
    "{ uri: /, authority: a }",
    "{ uriRegexRewrite: {} }",
    "null",
  ]
    .map((rewrite) => `{ ${ROUTE}, rewrite: ${rewrite} }`),
  `{ ${ROUTE}, rewrite: { uriRegexRewrite: { match: a, rewrite: b } } }`,
  `{ ${ROUTE}, rewrite: { uriRegexRewrite: { match: a } } }`,
  `{ ${ROUTE}, rewrite: { uriRegexRewrite: { match: '(', rewrite: b } } }`,
  `{ ${ROUTE}, rewrite: { uri: /, uriRegexRewrite: { match: a, rewrite: b } } }`,
  ...["1s", "0s", "-1s", "1.5ms", "1m", "5", "null"].map((each) =>
    `{ ${ROUTE}, timeout: ${each} }`
  ),
  ...[
    ...["{}", "{ attempts: 3 }", "{ attempts: -1 }", "{ attempts: 0, perTryTimeout: 1s }"],
    ...["{ attempts: 0, retryOn: 5xx }", "{ attempts: 0, retryRemoteLocalities: true }"],
    ...["{ attempts: 0, retryRemoteLocalities: null }", "{ attempts: 0, backoff: 1s }"],
    "{ attempts: 3, perTryTimeout: 0s }",
    ...[
      "5xx",
      "'5xx,gateway-error,503'",
      "'5xx, reset'",
      "fail",
      "'503'",
      "'+503'",
      "'306'",
      "'99'",
      "'5xx,'",
      "unavailable",
      "'0503'",
      "'418'",
    ]
      .map((retryOn) => `{ attempts: 3, retryOn: ${retryOn} }`),
    ...[
      "{ attempts: 3, retryIgnorePreviousHosts: false }",
      "{ attempts: 3, backoff: 0s }",
      "{ atempts: 3 }",
    ],
  ].map((retries) => `{ ${ROUTE}, retries: ${retries} }`),
  ...[
    ...[
      "{}",
      "{ abort: {} }",
      "{ delay: {} }",
      "{ abort: { httpStatus: 500 } }",
      "{ abort: { httpStatus: 99 } }",
    ],
    ...[
      "{ abort: { httpStatus: 600 } }",
      "{ abort: { httpStatus: 601 } }",
      "{ abort: { grpcStatus: UNAVAILABLE } }",
    ],
    ...[
      "{ abort: { grpcStatus: BAD } }",
      "{ abort: { grpcStatus: '' } }",
      "{ abort: { http2Error: x } }",
    ],
    "{ abort: { httpStatus: 500, grpcStatus: UNAVAILABLE } }",
    ...["0", "0.0001", "0.00001", "50.5", "100", "101", "-1", "'5'"].map((value) =>
      `{ abort: { httpStatus: 500, percentage: { value: ${value} } } }`
    ),
    ...[
      "{ delay: { fixedDelay: 5s } }",
      "{ delay: { fixedDelay: 0s } }",
      "{ delay: { exponentialDelay: 5s } }",
    ],
    ...[
      "{ delay: { fixedDelay: 5s, percentage: { value: 200 } } }",
      "{ delay: { fixedDelay: 5s, percent: 50 } }",
    ],
    ...["{ delay: { fixedDelay: 5s, exponentialDelay: 5s } }", "{ delay: { percentage: {} } }"],
  ].map((fault) => `{ ${ROUTE}, fault: ${fault} }`),
  `{ ${ROUTE}, mirror: { host: b } }`,
  `{ ${ROUTE}, mirror: { host: '' } }`,
  `{ ${ROUTE}, mirror: { host: b }, mirrors: [{ destination: { host: b } }] }`,
  `{ ${ROUTE}, mirrors: [{ destination: { host: b }, percentage: { value: 50 } }] }`,
  `{ ${ROUTE}, mirrors: [{ destination: { host: b }, percentage: { value: 150 } }] }`,
  `{ ${ROUTE}, mirrors: [{ destination: { host: b }, percentage: { value: -1 } }] }`,
  `{ ${ROUTE}, mirrors: [{}] }`,
  `{ ${ROUTE}, mirrors: [{ destination: { host: '*' } }] }`,
  `{ ${ROUTE}, mirrorPercent: 50 }`,
  `{ ${ROUTE}, mirror_percent: 50 }`,
  `{ ${ROUTE}, mirrorPercent: 101 }`,
  `{ ${ROUTE}, mirrorPercent: null }`,
  `{ ${ROUTE}, mirrorPercentage: { value: 100 } }`,
  `{ ${ROUTE}, mirrorPercentage: { value: 101 } }`,
  `{ ${ROUTE}, mirrorPercentage: { value: -0.1 } }`,
  ...[
    ...[
      "{}",
      "{ allowOrigins: [{ exact: a }] }",
      "{ allowOrigins: [{}] }",
      "{ allowOrigins: [{ regex: '(' }] }",
    ],
    ...[
      "{ allowOrigins: [{ prefix: '' }] }",
      "{ allowOrigin: ['*'] }",
      "{ allowMethods: [GET, '*'] }",
    ],
    ...[
      "{ allowMethods: [get] }",
      "{ allowHeaders: ['*', x-a] }",
      "{ allowHeaders: [''] }",
      "{ exposeHeaders: ['a b'] }",
    ],
    ...[
      "{ maxAge: 1m }",
      "{ maxAge: 1.5s }",
      "{ maxAge: 0s }",
      "{ allowCredentials: true }",
      "{ allowCredentials: null }",
    ],
    ...["{ unmatchedPreflights: IGNORE }", "{ unmatchedPreflights: DROP }"],
  ].map((cors) => `{ ${ROUTE}, corsPolicy: ${cors} }`),
  ...["request", "response"].flatMap((side) =>
    [
      ...[
        "{}",
        "{ set: { x-a: b } }",
        "{ add: { '': b } }",
        "{ set: { host: b } }",
        "{ add: { ':authority': b } }",
      ],
      ...[
        "{ set: { ':path': b } }",
        "{ remove: [x-a] }",
        "{ remove: [host] }",
        "{ remove: [':path'] }",
        "{ remove: [''] }",
      ],
      ...[
        "{ set: { 'a b': c } }",
        "{ set: { host: a }, add: { ':authority': b } }",
        "{ set: { x: 1 } }",
      ],
      ...[
        ...[
          "%HOSTNAME%",
          "100%%",
          "100%",
          "a%b",
          "%START_TIME%%",
          "%A(b)%",
          '%A([""])%',
          '%A(["b", "c"])%',
        ],
        ...[
          '%A(["b" "c"])%',
          "%A([b])%",
          "%A(b",
          "%A(b)",
          "%A(b) %",
          "%A(b)c%",
          '%A(["b"] )%',
          '%A(["b"]x)%',
          "%A(b\\\\)%",
        ],
        ...["%A(b\\\\))%", "%A( b)%", "%%%A%", "%", "%%", "%A%B", "%A(%b)%"],
      ].map((value) => `{ set: { x-a: '${value}' } }`),
      ...['"\\u0001"', '"\\t"', '"\\u007f"', '"\\n"', "ä"].map((value) =>
        `{ set: { x-a: ${value} } }`
      ),
    ].map((headers) => `{ ${ROUTE}, headers: { ${side}: ${headers} } }`)
  ),
  `{ ${ROUTE}, rewrite: { authority: a }, headers: { request: { set: { host: b } } } }`,
  "{ route: [{ destination: { host: a }, headers: { request: { set: { ':path': b } } } }] }",
  "{ route: [{ destination: { host: a }, headers: { response: { remove: [''] } } }] }",
  `{ ${ROUTE}, appendHeaders: { a: b } }`,
  `{ ${ROUTE}, websocketUpgrade: true }`,
];

const WHOLE = [
  "{}",
  "{ hosts: [a] }",
  `{ http: [{ ${ROUTE} }] }`,
  `{ hosts: [], http: [{ ${ROUTE} }] }`,
  `{ hosts: a, http: [{ ${ROUTE} }] }`,
  "{ http: [{ delegate: { name: b } }] }",
  `{ gateways: [gw], http: [{ ${ROUTE} }] }`,
  "{ tls: [{ match: [{ sniHosts: [a] }], route: [{ destination: { host: a } }] }] }",
  "{ tcp: [{ route: [{ destination: { host: a } }] }] }",
  ...[
    ...[
      "['*']",
      "['*.example']",
      "['*a.example']",
      "[10.0.0.1]",
      "['10.0.0.1/8']",
      "['']",
      "[a_b]",
      "[a, a]",
    ],
    ...[
      "[a.example, '*.example']",
      "['*.example', a.example]",
      "['*.b.example', '*.example']",
      "[a, 'a.']",
    ],
    ...["['*.a', '*.b']", "['*a.example', 'ba.example']", "[A.example, a.example]"],
  ].flatMap((hosts) => [
    `{ hosts: ${hosts}, http: [{ ${ROUTE} }] }`,
    `{ hosts: ${hosts}, gateways: [ns/gw], http: [{ ${ROUTE} }] }`,
    `{ hosts: ${hosts}, gateways: [ns/gw, mesh], http: [{ ${ROUTE} }] }`,
  ]),
  ...["[gw]", "[gw.ns]", "[gw.ns, ns/gw]", "['a/b/c']", "['/b']", "['']", "['*']", "['NS/gw']"].map(
    (
      gateways,
    ) => `{ hosts: [a.example], gateways: ${gateways}, http: [{ ${ROUTE} }] }`,
  ),
  ...["['*']", "['.']", "[a, a]", "['~']"].map((exportTo) =>
    `{ hosts: [a], exportTo: ${exportTo}, http: [{ ${ROUTE} }] }`
  ),
  `{ hosts: [a], gateways: [ns/gw], http: [{ match: [{ headers: { '@request.auth.claims.sub': { exact: a } } }], ${ROUTE} }] }`,
  `{ hosts: [a], gateways: [mesh], http: [{ match: [{ withoutHeaders: { '@request.auth.claims[sub]': {} } }], ${ROUTE} }] }`,
  `{ hosts: [a], http: [{ ${ROUTE} }, { ${ROUTE} }] }`,
  `{ hosts: [a], http: [{ ${ROUTE} }, { match: [{ uri: { exact: /a } }], ${ROUTE} }] }`,
  `{ hosts: [a], http: [{ match: [{ uri: { exact: /a } }], ${ROUTE} }, { ${ROUTE} }] }`,
  `{ hosts: [a], http: [{ match: [{ uri: { exact: /a } }], ${ROUTE} }, { match: [{ uri: { exact: /a } }], ${ROUTE} }] }`,
  `{ hosts: [a], http: [{ match: [{ name: x, uri: { exact: /a } }], ${ROUTE} }, { match: [{ name: y, uri: { exact: /a } }], ${ROUTE} }] }`,
  `{ hosts: [a], http: [{ match: [{ uri: { prefix: /a } }], ${ROUTE} }, { match: [{ uri: { prefix: /ab } }], ${ROUTE} }] }`,
  `{ hosts: [a], http: [{ match: [{ uri: { prefix: /ab } }], ${ROUTE} }, { match: [{ uri: { prefix: /a } }], ${ROUTE} }] }`,
  `{ hosts: [a], http: [{ match: [{ uri: { prefix: /a }, port: 80 }], ${ROUTE} }, { match: [{ uri: { prefix: /ab } }], ${ROUTE} }] }`,
  `{ hosts: [a], http: [{ match: [{ uri: { prefix: /a }, method: { exact: GET } }], ${ROUTE} }, { match: [{ uri: { prefix: /ab } }], ${ROUTE} }] }`,
  `{ hosts: [a], http: [{ match: [{ uri: { prefix: /a }, method: { exact: POST } }], ${ROUTE} }, { match: [{ uri: { prefix: /ab } }], ${ROUTE} }] }`,
  `{ hosts: [a], http: [{ match: [{ uri: { prefix: /a }, headers: { x: { exact: y } } }], ${ROUTE} }, { match: [{ uri: { prefix: /ab }, headers: { x: { exact: y } } }], ${ROUTE} }] }`,
  `{ hosts: [a], http: [{ match: [{ uri: { prefix: /a }, headers: { x: { exact: y } } }], ${ROUTE} }, { match: [{ uri: { prefix: /ab }, headers: { z: { exact: y } } }], ${ROUTE} }] }`,
  `{ hosts: [a], http: [{ match: [{ headers: { b: { exact: x }, a: { exact: y } } }], ${ROUTE} }, { match: [{ headers: { a: { exact: y }, b: { exact: x } } }], ${ROUTE} }] }`,
  `{ hosts: [a], http: [{ match: [{ uri: { prefix: /a } }, { uri: { prefix: /a } }], ${ROUTE} }] }`,
];

const L4_MATCHES = [
  "{}",
  "{ destinationSubnets: [10.0.0.0/8, 10.0.0.1, '::/0', '10.0.0.1/8'] }",
  ...[
    "10.0.0.0/33",
    "a",
    "10.0.0.0/8/8",
    "''",
    "10.0.0.0/-1",
    "10.0.0.0/08",
    "'::ffff:1.2.3.4/96'",
    "fe80::1%eth0",
  ]
    .map((subnet) => `{ destinationSubnets: [${subnet}] }`),
  "{ port: 80, sourceLabels: { a: b }, gateways: [mesh], sourceNamespace: ns }",
  "{ port: 70000 }",
  "{ sourceLabels: { a: 'b c' } }",
  "{ gateways: ['a b'] }",
  "{ sourceNamespace: a.b }",
];

/** Documents of VirtualService. */
export const VIRTUAL_SERVICES: Corpus = {
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  specs: [
    ...WHOLE,
    ...http(...HTTP_ROUTES),
    ...match(...HTTP_MATCHES),
    ...L4_MATCHES.flatMap((each) => [
      `{ hosts: [a], tcp: [{ match: [${each}], ${ROUTE} }] }`,
      `{ hosts: [a], tls: [{ match: [${
        each.replace("{", "{ sniHosts: [a], ").replace(", }", " }")
      }], ${ROUTE} }] }`,
    ]),
    "{ hosts: [a], tcp: [{}] }",
    "{ hosts: [a], tcp: [{ match: [{ sourceSubnet: 10.0.0.0/8 }], route: [] }] }",
    "{ hosts: [a], tcp: [{ route: [{ destination: { host: a } }, { destination: { host: b } }] }] }",
    "{ hosts: [a], tcp: [{ route: [{ destination: { host: a }, weight: -1 }] }] }",
    "{ hosts: [a], tcp: [{ route: [{ destination: { host: '*' } }] }] }",
    `{ hosts: [a], tcp: [{ ${ROUTE} }, { ${ROUTE} }] }`,
    `{ hosts: [a], tcp: [{ match: [{ port: 80 }], ${ROUTE} }, { match: [{ port: 80 }], ${ROUTE} }] }`,
    "{ hosts: [a], tls: [{}] }",
    `{ hosts: [a], tls: [{ ${ROUTE} }] }`,
    `{ hosts: [a], tls: [{ match: [], ${ROUTE} }] }`,
    `{ hosts: [a], tls: [{ match: [{}], ${ROUTE} }] }`,
    `{ hosts: [a], tls: [{ match: [{ sniHosts: [] }], ${ROUTE} }] }`,
    `{ hosts: [a], tls: [{ match: [{ sniHosts: [b] }], ${ROUTE} }] }`,
    `{ hosts: [a], tls: [{ match: [{ sniHosts: [a] }] }] }`,
    `{ hosts: ['*.a'], tls: [{ match: [{ sniHosts: [b.a] }], ${ROUTE} }] }`,
    `{ hosts: ['*.a'], tls: [{ match: [{ sniHosts: ['*.b.a'] }], ${ROUTE} }] }`,
    `{ hosts: ['*.b.a'], tls: [{ match: [{ sniHosts: ['*.a'] }], ${ROUTE} }] }`,
    `{ hosts: [10.0.0.1], tls: [{ match: [{ sniHosts: [10.0.0.1] }], ${ROUTE} }] }`,
    `{ hosts: [a], tls: [{ match: [{ sniHosts: ['a b'] }], ${ROUTE} }] }`,
    `{ hosts: [a], tls: [{ match: [{ sniHosts: [a] }], ${ROUTE} }, { match: [{ sniHosts: [a] }], ${ROUTE} }] }`,
    `{ hosts: [outbound_.80_._.a.example], gateways: [ns/gw], tls: [{ match: [{ sniHosts: [outbound_.80_._.a.example] }], ${ROUTE} }] }`,
    `{ hosts: [outbound_.80_._.a.example], tls: [{ match: [{ sniHosts: [outbound_.80_._.a.example] }], ${ROUTE} }] }`,
    `{ hosts: [outbound_.x_._.a.example], gateways: [ns/gw], tls: [{ match: [{ sniHosts: [outbound_.x_._.a.example] }], ${ROUTE} }] }`,
    `{ hosts: [outbound_.80_a], gateways: [ns/gw], tls: [{ match: [{ sniHosts: [outbound_.80_a] }], ${ROUTE} }] }`,
    `{ hosts: [outbound_.80_._.a.example], gateways: [ns/gw], http: [{ ${ROUTE} }] }`,
  ],
};
