/**
 * The gRPC ports: Connect's services over our own HTTP/2, with a short way for `CreateCertificate`.
 *
 * @example Read a timeout header
 * ```ts
 * import { parseTimeoutMs } from "signet/grpc/mod.ts";
 *
 * if (parseTimeoutMs("250m") !== 250) throw new TypeError("250 milliseconds");
 * ```
 *
 * @module
 */
export { createAdmission } from "./admission.ts";
export type { Admission, AdmissionConfig, AdmissionHost, Applicant } from "./admission.ts";
export { listenGrpc } from "./listen.ts";
export type { GrpcHost } from "./listen.ts";
export type {
  GrpcAddresses,
  GrpcConfig,
  GrpcConnection,
  GrpcServer,
  GrpcServices,
} from "./port.ts";
export { ROOTS_PATH } from "./roots_page.ts";
export { runCa } from "./run_ca.ts";
export type { CaRunHost } from "./run_ca.ts";
export { createCertificateService } from "./services/ca.ts";
export type {
  CallState,
  CaServiceHost,
  CreateCertificate,
  CreateCertificateAnswer,
  CreateCertificateRequest,
} from "./services/ca.ts";
export { parseTimeoutMs } from "./timeout.ts";
export { requestCertificate } from "./services/ca_client.ts";
export type { CertificateRequest, CertificateResponse } from "./services/ca_client.ts";
