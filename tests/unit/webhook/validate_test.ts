/** Validation in the steps of istiod's webhook: which objects it refuses before any rule, and in what words; the rules are `lib/istio`'s. */
import assert from "node:assert/strict";

import type { AdmissionRequest } from "signet/webhook/mod.ts";
import { labelsOf } from "../../../lib/webhook/kinds.ts";
import { validate } from "../../../lib/webhook/validate.ts";

const NONE = { group: "", version: "", kind: "" };

function request(object: unknown, operation = "CREATE"): AdmissionRequest {
  return {
    ...{ uid: "u", namespace: "shop", operation, object, dryRun: false, kind: NONE },
    resource: { group: "", version: "", resource: "" },
  };
}

function document(kind: string, spec: unknown, more: Readonly<Record<string, unknown>> = {}) {
  const security = ["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"];
  const group = security.includes(kind) ? "security.istio.io" : "networking.istio.io";
  return {
    apiVersion: `${group}/v1`,
    kind,
    metadata: { name: "x", namespace: "default" },
    spec,
    ...more,
  };
}

/** The message of a refusal, or what it passes with. */
function said(object: unknown, operation?: string): string {
  const { response } = validate(request(object, operation));
  if (!response.allowed) return response.message;
  return ["allowed", ...response.warnings ?? []].join("; ");
}

Deno.test("validate() goes by operation, form, kind, rules and fields, in istiod's words", async (t) => {
  const gateway = document("Gateway", {});
  const annotated = (kind: string, annotations: object, spec: unknown = {}) =>
    document(kind, spec, { metadata: { name: "x", namespace: "default", annotations } });
  const entry = (spec: unknown, more = {}) => document("WorkloadEntry", spec, more);
  const fine = { address: "10.0.0.1" };
  const rows: readonly (readonly [string, string, RegExp | string])[] = [
    ["DELETE", said(gateway, "DELETE"), "allowed"],
    ["CONNECT", said(undefined, "CONNECT"), "allowed"],
    [
      "UPDATE",
      said(gateway, "UPDATE"),
      "configuration is invalid: gateway must have at least one server",
    ],
    ["no object", said(undefined), "cannot decode configuration: unexpected end of JSON input"],
    [
      "a text",
      said("x"),
      /^cannot decode configuration: json: cannot unmarshal string into Go value/,
    ],
    [
      "a list",
      said([]),
      /^cannot decode configuration: json: cannot unmarshal array into Go value/,
    ],
    [
      "a kind that is none",
      said({ apiVersion: "v1", kind: 7 }),
      /^cannot decode configuration: json: cannot unmarshal number into Go struct field IstioKind.kind/,
    ],
    [
      "metadata that is none",
      said({ ...gateway, metadata: "x" }),
      /^cannot decode configuration: json/,
    ],
    [
      "a name that is none",
      said({ ...gateway, metadata: { name: 7 } }),
      /^cannot decode configuration: metadata.name is "7", should be a text/,
    ],
    [
      "another kind",
      said({ apiVersion: "foo.io/v1", kind: "Foo" }),
      "unrecognized type foo.io/v1, Kind=Foo",
    ],
    [
      "a kind of the core",
      said({ apiVersion: "v1", kind: "Pod" }),
      "unrecognized type /v1, Kind=Pod",
    ],
    ["no kind", said({}), "unrecognized type /, Kind="],
    ["three parts", said({ apiVersion: "a/b/c", kind: "Gateway" }), "unrecognized type /, Kind="],
    [
      "__proto__",
      said(JSON.parse('{"__proto__":{"kind":"Gateway"}}')),
      "unrecognized type /, Kind=",
    ],
    [
      "constructor",
      said({ apiVersion: "constructor/v1", kind: "name" }),
      /^unrecognized type constructor/,
    ],
    [
      "a later version",
      said({ ...gateway, apiVersion: "networking.istio.io/v9" }),
      "configuration is invalid: gateway must have at least one server",
    ],
    [
      "a field of another type",
      said(entry({ address: [] })),
      /^error decoding configuration: spec.address is a list/,
    ],
    [
      "an unknown word",
      said(document("PeerAuthentication", { mtls: { mode: "BAD" } })),
      /^error decoding configuration: spec.mtls.mode is "BAD", should be one of UNSET, /,
    ],
    ["an unknown field", said(entry({ ...fine, foo: 1 })), 'allowed; unknown field "spec.foo"'],
    ["an unknown field in it", said(entry({ ...fine, locality: "a" })), "allowed"],
    [
      "an unknown field at the top",
      said(entry(fine, { foo: 1 })),
      'unknown field "foo" on WorkloadEntry resource shop/x',
    ],
    [
      "rules before fields",
      said(document("Gateway", {}, { foo: 1 })),
      /^configuration is invalid: /,
    ],
    ["no name yet", said(entry(fine, { metadata: { generateName: "x-" } })), "allowed"],
    [
      "a huge number",
      said(entry({ ...fine, weight: 1e400 })),
      /spec.weight is "Infinity", should be a whole/,
    ],
    [
      "several faults",
      said(
        document("ServiceEntry", {
          hosts: ["*", "a/b"],
          ports: [{ number: 1, name: "a", protocol: "TCP" }],
        }),
      ),
      /^configuration is invalid: \d errors occurred:\n\t\* .*\n\t\* .*\n\n$/s,
    ],
    [
      "a policy",
      said(document("AuthorizationPolicy", { action: "DENY" })),
      "configuration is invalid: invalid policy x.default: DENY action without `rules` is meaningless as it will never be triggered, add an empty rule `{}` if you want it be triggered for every request",
    ],
    [
      "a policy that warns",
      said(
        document("AuthorizationPolicy", {
          action: "DENY",
          rules: [{ to: [{ operation: { paths: ["/a"] } }] }],
        }),
      ),
      /^allowed; configured AuthorizationPolicy will deny all traffic to TCP ports/,
    ],
    [
      "always rejected",
      said(annotated("Gateway", { "internal.istio.io/webhook-always-reject": "true" })),
      'configuration is invalid: "internal.istio.io/webhook-always-reject" annotation found, rejecting',
    ],
    [
      "always rejected, of a kind that is not checked",
      said(annotated("EnvoyFilter", { "internal.istio.io/webhook-always-reject": "" })),
      'configuration is invalid: "internal.istio.io/webhook-always-reject" annotation found, rejecting',
    ],
    [
      "a parent",
      said(annotated("WorkloadEntry", { "internal.istio.io/parents": "x" }, fine)),
      'configuration is invalid: "internal.istio.io/parents" annotation found, this may not be set by users',
    ],
    [
      "a trial of what cannot be tried",
      said(annotated("WorkloadEntry", { "istio.io/dry-run": "true" }, fine)),
      "configuration is invalid: default/x has unsupported annotation istio.io/dry-run, please remove the annotation",
    ],
    [
      "a trial that is none",
      said(annotated("AuthorizationPolicy", { "istio.io/dry-run": "zz" })),
      'configuration is invalid: default/x has annotation istio.io/dry-run with invalid value (zz): strconv.ParseBool: parsing "zz": invalid syntax',
    ],
    [
      "a kind that is not checked",
      said(document("EnvoyFilter", { anything: 1 })),
      "allowed; signet does not check the spec of EnvoyFilter: it was admitted as it is",
    ],
    [
      "a kind of the Gateway API",
      said({ apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", spec: 7, foo: 1 }),
      "allowed",
    ],
  ];
  for (const [what, actual, expected] of rows) {
    await t.step(what, () => {
      if (typeof expected === "string") assert.equal(actual, expected);
      else assert.match(actual, expected);
    });
  }
});

Deno.test("labels of counters are of known words alone", () => {
  const of = (group: string, version: string, kind: string) =>
    Object.values(labelsOf({ group, version, kind })).join(" ");
  assert.equal(of("networking.istio.io", "v1", "Gateway"), "networking.istio.io v1 gateways");
  assert.equal(of("networking.istio.io", "v77", "Gateway"), "networking.istio.io other gateways");
  assert.equal(of("made.up", "v1", "Gateway"), "other other other");
});
