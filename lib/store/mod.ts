/**
 * Where signet keeps what must survive a restart: the CA's key and certificates, in a state directory that one server holds.
 *
 * @example Keep a CA in memory
 * ```ts
 * import { memoryCaStore } from "signet/store/mod.ts";
 *
 * const store = memoryCaStore();
 * await store.save({ caCertPem: "", caKeyPem: "", rootCertPem: "", certChainPem: "" });
 * if (await store.load() === undefined) throw new TypeError("A saved set was lost");
 * ```
 *
 * @module
 */
export { fileCaStore, lockStateDirectory, STATE_VERSION } from "./file.ts";
export { memoryCaStore } from "./memory.ts";
export type { CaSet, CaStore, StateLock } from "./port.ts";
