/** Listener filters: what is looked at before a connection gets its chain. */
import type { ListenerFilterJson } from "../../proto/gen/envoy/config/listener/v3/listener_components_pb.ts";
import type { TlsInspectorJson } from "../../proto/gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts";
import { typed } from "./typed.ts";

const FILTERS = "envoy.extensions.filters.listener";
/** Bytes of a ClientHello that are read at first: most fit. */
const TLS_INSPECTOR_BYTES = 512;

/** Looks for TLS, its server name and what it offers. */
export function tlsInspector(): ListenerFilterJson {
  return {
    name: "envoy.filters.listener.tls_inspector",
    typedConfig: typed<TlsInspectorJson>(`${FILTERS}.tls_inspector.v3.TlsInspector`, {
      initialReadBufferSize: TLS_INSPECTOR_BYTES,
    }),
  };
}

/** Looks for HTTP in plain text. */
export function httpInspector(): ListenerFilterJson {
  return {
    name: "envoy.filters.listener.http_inspector",
    typedConfig: typed(`${FILTERS}.http_inspector.v3.HttpInspector`, {}),
  };
}
