/** The mesh config as Go's templates see it: the fields that templates use. */
import { goInt, type GoStruct, goStruct, type GoStructType } from "../template/mod.ts";
import { type Draft, emptyDraft, isDraft, member, textAt } from "./document.ts";
import type { InjectMesh } from "./mesh.ts";
import { messageView } from "./message_view.ts";
import { PROXY_CONFIG } from "./proxy_config.ts";

/** Texts of the mesh config that are handed on, with istiod's defaults. */
const TEXTS: Readonly<Record<string, string>> = {
  accessLogFile: "",
  accessLogFormat: "",
  ingressService: "istio-ingressgateway",
  ingressClass: "istio",
  ingressSelector: "",
  rootNamespace: "istio-system",
};
const FIELDS: Draft = Object.assign(emptyDraft(), {
  TrustDomain: "",
  ProxyListenPort: goInt(0, "int32"),
  ProxyInboundListenPort: goInt(0, "int32"),
  EnableTracing: true,
  DefaultConfig: null,
});
for (const name of Object.keys(TEXTS)) FIELDS[name[0]!.toUpperCase() + name.slice(1)] = "";

const MESH_CONFIG: GoStructType = {
  name: "v1alpha1.MeshConfig",
  fields: FIELDS,
  methods: Object.assign(
    emptyDraft(),
    Object.fromEntries(
      Object.keys(FIELDS).map((name) => [
        `Get${name}`,
        (self: unknown) => (self as GoStruct).fields[name] ?? FIELDS[name],
      ]),
    ),
  ),
};

const SOURCE = Symbol("mesh of a view");

/** A view. */
export function meshView(mesh: InjectMesh): GoStruct {
  const { document, defaultConfig, trustDomain, proxyListenPort, proxyInboundListenPort } = mesh;
  const fields: Record<string | symbol, unknown> = emptyDraft();
  for (const [name, fallback] of Object.entries(TEXTS)) {
    fields[name[0]!.toUpperCase() + name.slice(1)] = textAt(document, name) || fallback;
  }
  fields["TrustDomain"] = trustDomain;
  fields["ProxyListenPort"] = goInt(proxyListenPort, "int32");
  fields["ProxyInboundListenPort"] = goInt(proxyInboundListenPort, "int32");
  fields["EnableTracing"] = member(document, "enableTracing") !== false;
  fields["DefaultConfig"] = messageView(PROXY_CONFIG, defaultConfig);
  fields[SOURCE] = mesh;
  return goStruct(MESH_CONFIG, fields as Record<string, unknown>, { isPointer: true });
}

/** True when the mesh of a view has a tracing provider that asks for OpenTelemetry's attributes. */
export function asksForOtelAttributes(value: unknown): boolean {
  const fields = (value as Partial<GoStruct> | null)?.fields;
  if (fields === undefined || !isDraft(fields)) return false;
  return (fields as { readonly [SOURCE]?: InjectMesh })[SOURCE]?.hasOtelAttributes ?? false;
}
