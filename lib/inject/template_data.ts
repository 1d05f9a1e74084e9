/** What an injection template is rendered for: `.ObjectMeta`, `.Spec`, `.Values` and the others, by Istio's names. */
import { goInt, type GoStruct, goStruct, type GoStructType } from "../template/mod.ts";
import { type Draft, objectAt, textAt } from "./document.ts";
import { messageView } from "./message_view.ts";
import type { Owner } from "./owner.ts";
import { goView, POD, structAt } from "./pod_types.ts";
import { PROXY_CONFIG, type ProxyConfig } from "./proxy_config.ts";
import type { InjectState } from "./state.ts";
import { proxyImageOf } from "./values.ts";

/** User and group of the proxy. */
const PROXY_ID = goInt(1337, "int64");
const METADATA = structAt(POD, "metadata");
const SPEC = structAt(POD, "spec");

const TYPE_META: GoStructType = { name: "v1.TypeMeta", fields: { Kind: "", APIVersion: "" } };
const NAMESPACED_NAME: GoStructType = {
  name: "types.NamespacedName",
  fields: { Namespace: "", Name: "" },
  methods: {
    String: (self) => {
      const { Namespace: namespace, Name: name } = (self as GoStruct).fields;
      return `${namespace}/${name}`;
    },
  },
};
const DATA: GoStructType = {
  name: "inject.SidecarTemplateData",
  fields: {
    TypeMeta: goStruct(TYPE_META, {}),
    DeploymentMeta: goStruct(NAMESPACED_NAME, {}),
    ObjectMeta: null,
    Spec: null,
    ProxyConfig: null,
    MeshConfig: null,
    Values: null,
    Revision: "",
    NativeSidecars: false,
    ProxyImage: "",
    ProxyUID: PROXY_ID,
    ProxyGID: PROXY_ID,
    InboundTrafficPolicyMode: "",
    CompliancePolicy: "",
  },
};

/** What of a pod the data is made of. */
export interface TemplateSubject {
  /** The pod, without what an earlier injection put in. */
  readonly pod: Draft;
  /** Whose it is. */
  readonly owner: Owner;
  /** Its proxy's configuration. */
  readonly proxyConfig: ProxyConfig;
  /** Its annotation for the kind of image, if it has one. */
  readonly imageType: string | undefined;
}

/** Makes the data. */
export function templateData(subject: TemplateSubject, state: InjectState): GoStruct {
  const { pod, owner, proxyConfig, imageType } = subject;
  const { settings, mesh, views } = state;
  const image = objectAt(proxyConfig as Draft, "image");
  const fields = {
    TypeMeta: goStruct(TYPE_META, { Kind: owner.kind, APIVersion: owner.apiVersion }),
    DeploymentMeta: goStruct(NAMESPACED_NAME, { Namespace: owner.namespace, Name: owner.name }),
    ObjectMeta: goView(METADATA, { ...objectAt(pod, "metadata"), namespace: owner.namespace }),
    Spec: goView(SPEC, objectAt(pod, "spec")),
    ProxyConfig: proxyConfig === mesh.defaultConfig
      ? views.proxyConfig
      : messageView(PROXY_CONFIG, proxyConfig),
    MeshConfig: views.mesh,
    Values: settings.values,
    Revision: state.revision,
    NativeSidecars: state.nativeSidecars,
    ProxyImage: proxyImageOf(settings.values, {
      annotation: imageType,
      config: "image" in proxyConfig ? textAt(image, "imageType") : undefined,
    }),
    InboundTrafficPolicyMode: mesh.inboundTrafficPolicyMode,
  };
  return goStruct(DATA, fields, { isPointer: true });
}
