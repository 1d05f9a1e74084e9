/**
 * Signet's own serving certificate: where it comes from and how it stays fresh.
 *
 * @example Which file the certificate of istiod 1.7 stood in
 * ```ts
 * import { LOOK_AT_CLOCK_MS } from "signet/server_cert/mod.ts";
 *
 * if (LOOK_AT_CLOCK_MS > 86_400_000) throw new TypeError("No timer is set for longer than a day");
 * ```
 *
 * @module
 */
export { checkClientRoots, checkServerCert, type ServerCertReport } from "./check.ts";
export type { ServerCert, ServerCertConfig, ServingMaterial } from "./port.ts";
export { loadServerCert, LOOK_AT_CLOCK_MS, LOOK_AT_FILES_MS } from "./server_cert.ts";
export type { ServerCertHost } from "./server_cert.ts";
export type { CertIssuers, ObtainHost } from "./source.ts";
