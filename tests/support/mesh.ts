/** Snapshots of a mesh from YAML, as a server would make them. */
import { parseIstioFile } from "signet/istio/mod.ts";
import {
  type Access,
  buildSnapshot,
  type MeshSettings,
  type MeshSnapshot,
} from "signet/mesh/mod.ts";
import { buildServices, type RegistrySnapshot, type ServiceRegistry } from "signet/registry/mod.ts";

/** Settings of a mesh without a mesh config. */
export const SETTINGS: MeshSettings = {
  trustDomain: "cluster.local",
  rootNamespace: "istio-system",
  validatesTrustDomain: true,
};

/** Of a workload that says nothing of who may call it. */
export const NO_ACCESS: Access = { authorization: [], requests: [] };

/** What a registry of these documents holds. @throws {TypeError} for a document with a fault. */
export function registrySnapshot(yaml: string, generation = 1): RegistrySnapshot {
  const { documents, faults } = parseIstioFile(yaml, "test.yaml");
  if (faults.length > 0) throw new TypeError(`Bad test: ${JSON.stringify(faults)}`);
  const { services } = buildServices(documents, { autoAddresses: undefined, previous: new Map() });
  return { generation, namesGeneration: generation, services, documents };
}

/** The mesh of these documents. */
export function meshOf(
  yaml: string,
  { previous, settings = SETTINGS }: {
    readonly previous?: MeshSnapshot;
    readonly settings?: MeshSettings;
  } = {},
): MeshSnapshot {
  return buildSnapshot(registrySnapshot(yaml), { settings, previous });
}

/** A registry whose content a test sets. */
export interface TestRegistry extends ServiceRegistry {
  /** Takes other documents and tells listeners. */
  set(yaml: string): void;
}

/** Makes a {@linkcode TestRegistry}. */
export function testRegistry(yaml: string): TestRegistry {
  let current = registrySnapshot(yaml);
  const listeners = new Set<(snapshot: RegistrySnapshot) => void>();
  return {
    get current() {
      return current;
    },
    onChange(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    set(changed) {
      current = registrySnapshot(changed, current.generation + 1);
      for (const listener of listeners) listener(current);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A ServiceEntry with one port and its endpoints in it. */
export function serviceEntry(
  { name, port = 8080, protocol = "HTTP", endpoints = "[]", more = "" }: {
    readonly name: string;
    readonly port?: number;
    readonly protocol?: string;
    readonly endpoints?: string;
    readonly more?: string;
  },
): string {
  return `---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${name} }
spec:
  hosts: [${name}.example]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: ${port}, name: main, protocol: ${protocol}, targetPort: 9080 }]
  endpoints: ${endpoints}
  ${more}
`;
}
