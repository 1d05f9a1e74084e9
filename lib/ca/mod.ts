/**
 * The certificate authority: CSR policy, profile, build, lint, issue; and the root that it stands on.
 *
 * @example Read istiod's TTL rule
 * ```ts
 * import { grantTtl } from "signet/ca/mod.ts";
 *
 * const ttlMs = grantTtl(0n, { defaultTtlMs: 86_400_000, maxTtlMs: 7_776_000_000 });
 * if (ttlMs !== 86_400_000) throw new TypeError("Zero asks for the default");
 * ```
 *
 * @module
 */
export { createCa } from "./ca.ts";
export type { CaConfig } from "./ca.ts";
export { decodeCrls } from "./crl.ts";
export { lintIdentities } from "./lint.ts";
export {
  checkPluggedIn,
  contentOf as pluggedInRevision,
  openPluggedIn,
  SETTLE_MS,
} from "./plugged_in.ts";
export type { PluggedInConfig } from "./plugged_in.ts";
export {
  announceRoot,
  keyIdOf,
  nextStep,
  renewalDueMs,
  renewRoot,
  signingCertificate,
} from "./rotation.ts";
export type { StepHost } from "./rotation.ts";
export { createRotator, jitterMs } from "./rotator.ts";
export type { RotatedSet, RotationConfig, Rotator } from "./rotator.ts";
export { checkAnswer, decodeAnswer } from "./registration.ts";
export type {
  AskSigner,
  RegistrationConfig,
  RegistrationHost,
  SignerRequest,
} from "./registration.ts";
export type { CsrRules } from "./csr_policy.ts";
export type { MeshCaCertificates, RootList, SignerRoots } from "./signer_roots.ts";
export { openSigners } from "./signers.ts";
export type { Signers, SignersConfig, SignersHost } from "./signers.ts";
export type { CaHost, CaSource } from "./source.ts";
export { loadStoredSet } from "./stored.ts";
export type { StoredRootConfig } from "./stored.ts";
export type { LoadedSet } from "./bundle.ts";
export { BACKDATE_MS, grantTtl, leafValidity } from "./profile.ts";
export type { TtlRules, Validity } from "./profile.ts";
export type {
  Ca,
  CaBundle,
  CaOrigin,
  GenKeyCertRequest,
  IssuedCertificate,
  KeyCert,
  SignRequest,
  WorkloadCertificate,
  WorkloadSigner,
} from "./port.ts";
