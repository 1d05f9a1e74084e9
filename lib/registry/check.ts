/** One look at `--configDir`, for those who want to know what a server would make of it. */
import type { DocumentFault } from "../istio/mod.ts";
import { collect, type FileState, readOver } from "./collect.ts";
import { leftAlone, withoutEffect } from "./effect.ts";
import { listConfigFiles, readConfigFile } from "./file.ts";
import type { RegistryConfig } from "./port.ts";
import { buildServices } from "./services.ts";

/** What a folder holds. */
export interface RegistryReport {
  /** Files that were read. */
  readonly files: number;
  /** Services that the documents make. */
  readonly services: number;
  /** Documents that a server refuses, in order of file and line. */
  readonly faults: readonly DocumentFault[];
  /** Documents that a server takes and that are probably not meant so. */
  readonly warnings: readonly DocumentFault[];
  /** Kinds that are read and have no effect yet, with their numbers; empty for none. */
  readonly withoutEffect: string;
  /** Kinds that are not read, with their numbers; empty for none. */
  readonly leftAlone: string;
  /** Hosts for which no address is left. */
  readonly unallocated: readonly string[];
}

/**
 * Reads a folder as {@linkcode openRegistry} does at its start.
 *
 * @throws {SignetError} `registry.unreadable`.
 */
export async function checkRegistry(
  directory: string,
  { autoAddresses }: Pick<RegistryConfig, "autoAddresses">,
): Promise<RegistryReport> {
  const states = new Map<string, FileState>();
  for (const { path, stamp } of await listConfigFiles(directory)) {
    const content = await readConfigFile(path);
    states.set(path, readOver(undefined, { path, stamp, content }));
  }
  const { documents, faults, warnings, unread } = collect(states);
  const { services, unallocated } = buildServices(documents, {
    autoAddresses,
    previous: new Map(),
  });
  return {
    ...{ files: states.size, services: services.length, faults, warnings, unallocated },
    withoutEffect: withoutEffect(documents),
    leftAlone: leftAlone(unread),
  };
}
