/** The gates before signing, without limits unless a test asks for some. */
import { onNextTurn } from "signet/base/mod.ts";
import {
  type Admission,
  type AdmissionConfig,
  type AdmissionHost,
  createAdmission,
} from "signet/grpc/mod.ts";

/** Makes gates; what `config` does not say is off, and the queue holds 1000. */
export function createTestAdmission(
  host: Omit<AdmissionHost, "onNextTurn"> & Partial<AdmissionHost>,
  config: Partial<AdmissionConfig> = {},
): Admission {
  return createAdmission(
    { perIdentity: undefined, perAddress: undefined, maxWaiting: 1_000, ...config },
    { onNextTurn, ...host },
  );
}
