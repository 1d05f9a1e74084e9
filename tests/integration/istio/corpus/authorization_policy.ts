/** AuthorizationPolicies. */
import type { Corpus } from "./port.ts";

const SOURCE_FIELDS = [
  ...[
    "principals",
    "requestPrincipals",
    "namespaces",
    "serviceAccounts",
    "trustDomains",
    "ipBlocks",
  ],
  "remoteIpBlocks",
];
const OPERATION_FIELDS = ["hosts", "ports", "methods", "paths"];
const not = (field: string) => `not${field[0]!.toUpperCase()}${field.slice(1)}`;

const ADDRESSES = [
  ...[
    "10.0.0.1",
    "10.0.0.0/8",
    "10.0.0.1/8",
    "'::1'",
    "'::/0'",
    "1.2.3",
    "10.0.0.0/33",
    "a",
    "''",
    "010.0.0.1",
  ],
  ...["fe80::1%eth0", "fe80::1%eth0/64", "'::ffff:1.2.3.4'", "10.0.0.0/08", "'1.2.3.4/'", "'*'"],
];
const PORTS = [
  "'80'",
  "'0'",
  "'65535'",
  "'65536'",
  "'+80'",
  "'-1'",
  "'080'",
  "x",
  "''",
  "80",
  "'8*'",
];
const ACCOUNTS = [
  ...["a", "ns/a", "ns/b/c", "'*'", "''", "/a", "a/", "'ns/*'", "x".repeat(320), "x".repeat(321)],
];
const TRUST_DOMAINS = ["td", "'*'", "'td*'", "'*td'", "'t*d'", "'*t*'", "a/b", "''"];
const PATHS = [
  ...[
    "/a",
    "'*'",
    "''",
    "'/a/{*}'",
    "'/{**}'",
    "'/{**}/a'",
    "'/{**}/{*}'",
    "'/{*}/{**}'",
    "'/{a}'",
    "'/{*}a'",
  ],
  ...[
    "'/{*}/a b'",
    "'/a b'",
    "'/{*}/'",
    "'/{*}/*'",
    "'/{**}/{**}'",
    "'{*}'",
    "/a/, '/{x'",
    "'/a//{*}'",
    "'/{*}/ä'",
  ],
];

const SOURCES = [
  "{}",
  "null",
  ...SOURCE_FIELDS.flatMap((field) => [
    `{ ${field}: [] }`,
    `{ ${field}: [''] }`,
    `{ ${not(field)}: [''] }`,
    `{ ${field}: a }`,
    `{ ${field}: [1] }`,
    `{ ${field}: ['*'] }`,
    `{ ${not(field)}: ['a'] }`,
  ]),
  ...["ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks"].flatMap((field) =>
    ADDRESSES.map((each) => `{ ${field}: [${each}] }`)
  ),
  ...["serviceAccounts", "notServiceAccounts"].flatMap((field) =>
    ACCOUNTS.map((each) => `{ ${field}: [${each}] }`)
  ),
  `{ serviceAccounts: [${Array.from({ length: 16 }, (_, at) => `a${at}`)}] }`,
  `{ serviceAccounts: [${Array.from({ length: 17 }, (_, at) => `a${at}`)}] }`,
  ...["principals", "notPrincipals", "namespaces", "notNamespaces", "ipBlocks", "trustDomains"]
    .flatMap((field) => [
      `{ serviceAccounts: [a], ${field}: ['10.0.0.1'] }`,
      `{ notServiceAccounts: [a], ${field}: ['10.0.0.1'] }`,
      `{ serviceAccounts: [], ${field}: ['10.0.0.1'] }`,
    ]),
  ...["trustDomains", "notTrustDomains"].flatMap((field) =>
    TRUST_DOMAINS.map((each) => `{ ${field}: [${each}] }`)
  ),
  "{ principal: [a] }",
];

const OPERATIONS = [
  "{}",
  "null",
  ...OPERATION_FIELDS.flatMap((field) => [
    `{ ${field}: [] }`,
    `{ ${field}: ['*'] }`,
    `{ ${field}: [''] }`,
    `{ ${not(field)}: [''] }`,
    `{ ${field}: a }`,
  ]),
  ...["ports", "notPorts"].flatMap((field) => PORTS.map((each) => `{ ${field}: [${each}] }`)),
  ...["paths", "notPaths"].flatMap((field) => PATHS.map((each) => `{ ${field}: [${each}] }`)),
  "{ methods: [GET], hosts: ['*.example'], paths: ['/a*', '*b'], ports: ['80'] }",
];

const CONDITIONS = [
  "{}",
  "null",
  "{ key: '' }",
  "{ key: source.ip }",
  "{ values: [a] }",
  "{ key: source.ip, values: [] }",
  "{ key: source.ip, values: [''] }",
  "{ key: source.ip, values: [10.0.0.1], notValues: [a] }",
  "{ key: source.ip, notValues: [10.0.0.0/8] }",
  ...[
    ...["source.ip", "remote.ip", "destination.ip", "source.namespace", "source.serviceAccount"],
    ...[
      "source.principal",
      "source.trustDomain",
      "request.auth.principal",
      "request.auth.audiences",
    ],
    ...["request.auth.presenter", "destination.port", "connection.sni", "destination.namespace"],
    ...[
      "destination.name",
      "destination.user",
      "'destination.labels[a]'",
      "bad",
      "'request.headers[x-a]'",
    ],
    ...["request.headers", "'request.headers[]'", "'request.headers[a'", "'request.headersX[a]'"],
    ...[
      "'request.auth.claims[a]'",
      "'request.auth.claims[a][b]'",
      "request.auth.claims",
      "Source.ip",
    ],
    ...["'experimental.envoy.filters.a[b]'", "experimental.envoy.filters.a", "experimental.envoy"],
  ].flatMap((key) => [
    `{ key: ${key}, values: ['10.0.0.1'] }`,
    `{ key: ${key}, notValues: ['80'] }`,
    `{ key: ${key}, values: ['a*'] }`,
  ]),
  ...TRUST_DOMAINS.map((each) => `{ key: source.trustDomain, values: [${each}] }`),
  ...ACCOUNTS.map((each) => `{ key: source.serviceAccount, values: [${each}] }`),
  ...PORTS.map((each) => `{ key: destination.port, values: [${each}] }`),
];

const WHOLE = [
  "{}",
  "{ rules: [] }",
  "{ rules: [{}] }",
  "{ rules: [null] }",
  "{ rules: {} }",
  ...["ALLOW", "DENY", "AUDIT", "CUSTOM", "allow", "1"].flatMap((action) => [
    `{ action: ${action} }`,
    `{ action: ${action}, rules: [] }`,
    `{ action: ${action}, rules: [{}] }`,
    `{ action: ${action}, rules: [{}], provider: { name: p } }`,
    `{ action: ${action}, rules: [{}], provider: {} }`,
    `{ action: ${action}, provider: { name: p } }`,
    `{ action: ${action}, rules: [{ from: [{ source: { namespaces: [a] } }] }], provider: { name: p } }`,
    `{ action: ${action}, rules: [{ from: [{ source: { ipBlocks: [10.0.0.1] } }] }], provider: { name: p } }`,
    `{ action: ${action}, rules: [{ when: [{ key: source.principal, values: [a] }] }], provider: { name: p } }`,
    `{ action: ${action}, rules: [{ when: [{ key: 'request.auth.claims[a]', values: [a] }] }], provider: { name: p } }`,
    `{ action: ${action}, rules: [{ to: [{ operation: { methods: [GET] } }] }] }`,
    `{ action: ${action}, rules: [{ to: [{ operation: { methods: [GET], ports: ['80'] } }] }] }`,
    `{ action: ${action}, rules: [{ from: [{ source: { requestPrincipals: ['*'] } }] }] }`,
    `{ action: ${action}, rules: [{ from: [{ source: { principals: ['*'] } }] }] }`,
    `{ action: ${action}, rules: [{ from: [{ source: { trustDomains: ['*'] } }] }] }`,
    `{ action: ${action}, rules: [{ from: [{ source: { principals: ['*'] } }], to: [{ operation: { paths: [/a] } }] }] }`,
    `{ action: ${action}, rules: [{ from: [{ source: { requestPrincipals: ['*'] } }], to: [{ operation: { ports: ['80'] } }] }] }`,
  ]),
  "{ rules: [{ from: [] }] }",
  "{ rules: [{ to: [] }] }",
  "{ rules: [{ from: [{}] }] }",
  "{ rules: [{ to: [{}] }] }",
  "{ rules: [{ from: [null] }] }",
  "{ rules: [{ when: [] }] }",
  "{ rules: [{ if: [] }] }",
  "{ selector: {}, rules: [{}] }",
  "{ selector: { matchLabels: { app: a } } }",
  "{ selector: { matchLabels: { app: '*' } } }",
  "{ selector: { matchLabels: { app: a } }, targetRefs: [{ kind: Gateway, group: gateway.networking.k8s.io, name: g }] }",
  "{ selector: { matchLabels: { app: a } }, targetRefs: [] }",
  "{ targetRef: { kind: Gateway, group: gateway.networking.k8s.io, name: g }, targetRefs: [{ kind: Service, name: s }] }",
  ...[
    ...[
      "{ kind: Gateway, group: gateway.networking.k8s.io, name: g }",
      "{ kind: Gateway, name: g }",
      "{ kind: Service, name: s }",
    ],
    ...[
      "{ kind: Service, group: core, name: s }",
      "{ kind: ServiceEntry, group: networking.istio.io, name: s }",
    ],
    ...[
      "{ kind: GatewayClass, group: gateway.networking.k8s.io, name: g }",
      "{ kind: Service, group: '', name: s }",
    ],
    ...[
      "{ kind: Service }",
      "{ name: s }",
      "{ kind: Service, name: '' }",
      "{ kind: Service, name: s, namespace: shop }",
    ],
    ...[
      "{ kind: Service, name: s, namespace: '' }",
      "{ kind: Service, group: Core, name: s }",
      "{ kind: 'a b', name: s }",
    ],
    ...["{ kind: Pod, name: s }", "{ kind: Service, group: 'a..b', name: s }", "{}", "null"],
  ].flatMap((ref) => [`{ targetRef: ${ref} }`, `{ targetRefs: [${ref}] }`]),
];

/** Documents of AuthorizationPolicy. */
export const AUTHORIZATION_POLICIES: Corpus = {
  apiVersion: "security.istio.io/v1",
  kind: "AuthorizationPolicy",
  specs: [
    ...WHOLE,
    ...SOURCES.map((source) => `{ rules: [{ from: [{ source: ${source} }] }] }`),
    ...OPERATIONS.map((operation) => `{ rules: [{ to: [{ operation: ${operation} }] }] }`),
    ...CONDITIONS.map((condition) => `{ rules: [{ when: [${condition}] }] }`),
  ],
};
