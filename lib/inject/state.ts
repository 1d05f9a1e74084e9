/** Everything that an injection reads beside the pod: made once for a configuration, shared by all pods. */
import type { GoStruct } from "../template/mod.ts";
import type { InjectMesh } from "./mesh.ts";
import { meshView } from "./mesh_view.ts";
import { messageView } from "./message_view.ts";
import { PROXY_CONFIG } from "./proxy_config.ts";
import type { InjectorSettings } from "./settings.ts";
import { type InjectorValues, readValues } from "./values.ts";

/** What is in force. */
export interface InjectState {
  /** The injector's configuration. */
  readonly settings: InjectorSettings;
  /** What of its values is read outside of templates. */
  readonly values: InjectorValues;
  /** The mesh. */
  readonly mesh: InjectMesh;
  /** The mesh, and the configuration of its proxies, for templates. */
  readonly views: { readonly mesh: GoStruct; readonly proxyConfig: GoStruct };
  /** istiod's revision. */
  readonly revision: string;
  /** True when sidecars are init containers that stay, where pods do not say. */
  readonly nativeSidecars: boolean;
}

/** Makes it. */
export function createState(
  settings: InjectorSettings,
  mesh: InjectMesh,
  rest: Pick<InjectState, "revision" | "nativeSidecars">,
): InjectState {
  const { revision, nativeSidecars } = rest;
  return {
    ...{ settings, mesh, revision, nativeSidecars },
    values: readValues(settings.values),
    views: { mesh: meshView(mesh), proxyConfig: messageView(PROXY_CONFIG, mesh.defaultConfig) },
  };
}
