/**
 * Where signet keeps what must survive a restart: the CA's key and certificates as files, join tokens in an embedded database, both in
 * a state directory that one server holds.
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
export { memoryDatabase } from "./memory_database.ts";
export { REPEAT_WINDOW_MS } from "./join_token.ts";
export { pluggedInCa } from "./plugged_in/file.ts";
export type { PluggedInOptions } from "./plugged_in/file.ts";
export { writePluggedIn } from "./remote_certs/file.ts";
export type {
  CaRotation,
  CaSet,
  CaSetPaths,
  CaStore,
  InForceReport,
  JoinToken,
  JoinTokenStore,
  PluggedInCa,
  PluggedInForm,
  PluggedInSet,
  StateDatabase,
  StateLock,
  TokenRefusal,
  TokenUse,
} from "./port.ts";
export { SCHEMA_VERSION } from "./schema.ts";
export { openCommandDatabase, openServerDatabase } from "./sqlite_file.ts";
export { checkDatabaseFile } from "./sqlite_header.ts";
