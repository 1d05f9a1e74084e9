/** What a workload's own ports bring to its proxy, kept by all that it depends on: proxies that differ in address differ in their parts. */
import type { Sidecar } from "../istio/mod.ts";
import {
  type Access,
  createAccesses,
  type MeshSettings,
  type MeshSnapshot,
  peerMode,
  type Proxy,
  type Workload,
} from "../mesh/mod.ts";
import type { Encoder } from "./encode.ts";
import { applicationCluster, type InboundPort, ingressListener } from "./inbound.ts";
import { remembered, rememberedAt, rememberedIn } from "./remember.ts";
import { keyClusters } from "./request_authentication.ts";
import { part, type ResourcePart } from "./resource_set.ts";

/** What a workload's own ports bring. */
export interface Inbound {
  /** What its listeners bind to. */
  readonly binds: readonly { readonly address: string; readonly port: number }[];
  /** The application's clusters, and those that keys of tokens are fetched over. */
  readonly clusters: ResourcePart;
  /** Its listeners. */
  readonly listeners: ResourcePart;
}

/** Makes and keeps them. */
export interface InboundParts {
  /** What a Sidecar's `ingress` brings to a proxy. */
  of(sidecar: Sidecar, of: {
    readonly snapshot: MeshSnapshot;
    readonly proxy: Proxy;
    readonly workload: Workload;
  }): Inbound;
}

/** Makes an {@linkcode InboundParts}. */
export function createInboundParts(encoder: Encoder): InboundParts {
  const accesses = createAccesses();
  const ofSettings = remembered((_: MeshSettings) =>
    new WeakMap<Sidecar, WeakMap<Access, Map<string, Inbound>>>()
  );
  return {
    of(sidecar, { snapshot: { settings, policies }, proxy, workload }) {
      const { rootNamespace } = settings;
      const address = proxy.addresses[0]!;
      const access = accesses.of(policies, workload, rootNamespace);
      const ports = sidecar.ingress.map((ingress): InboundPort => {
        const port = ingress.port?.number ?? 0;
        const mode = peerMode(policies, { workload, port, rootNamespace });
        return { ingress, address, access, mode };
      }).filter(isServed);
      const ofSidecar = rememberedIn(ofSettings(settings), sidecar, () => new WeakMap());
      const kept = rememberedIn(ofSidecar, access, () => new Map<string, Inbound>());
      const key = [address, ...ports.map(({ ingress, mode }) => `${ingress.port?.number} ${mode}`)]
        .join(" ");
      return rememberedAt(kept, key, () => ({
        binds: ports.map(({ ingress: { bind, port } }) => ({
          address: bind || address,
          port: port?.number ?? 0,
        })),
        clusters: part(
          [...ports.map(applicationCluster), ...(ports.length === 0 ? [] : keyClusters(access))]
            .map(encoder.cluster),
        ),
        listeners: part(ports.map((port) => encoder.listener(ingressListener(port, settings)))),
      }));
    },
  };
}

/**
 * TLS of an ingress port's own is in force where there is none of the mesh. It is not served yet, and a port without it would take calls
 * that it is there to refuse.
 */
function isServed({ ingress, mode }: InboundPort): boolean {
  return mode !== "DISABLE" || ingress.tls === undefined;
}
