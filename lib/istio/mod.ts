/**
 * Documents of Istio's kinds: from YAML to checked values, with every fault of a file named by line and field. Pure.
 *
 * @example Read a file
 * ```ts
 * import { parseIstioFile } from "signet/istio/mod.ts";
 *
 * const { documents, faults } = parseIstioFile(
 *   `
 * apiVersion: networking.istio.io/v1
 * kind: WorkloadEntry
 * metadata: { name: vm-1, namespace: shop }
 * spec: { address: 10.0.0.7 }
 * `,
 *   "vm.yaml",
 * );
 * if (faults.length > 0 || documents[0]?.kind !== "WorkloadEntry") throw new TypeError("Should be read");
 * ```
 *
 * @module
 */
export { MAX_FILE_CHARS, parseIstioFile } from "./document.ts";
export type {
  DocumentFault,
  DocumentPlace,
  IstioDocument,
  ObjectMeta,
  ParsedFile,
  Resolution,
  ServiceEntry,
  ServicePort,
  UnreadDocument,
  WorkloadEntry,
} from "./port.ts";
