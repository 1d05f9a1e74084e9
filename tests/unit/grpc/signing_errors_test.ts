import assert from "node:assert/strict";

import { Code, ConnectError } from "@connectrpc/connect";
import { clientCertificateAuthenticator } from "signet/authn/mod.ts";
import { type ErrorCode, SignetError, systemClock } from "signet/base/mod.ts";
import { createCertificateService } from "signet/grpc/mod.ts";
import { createMetrics } from "signet/telemetry/mod.ts";
import { createTestAdmission } from "../../support/admission.ts";
import { createTestCa } from "../../support/test_ca.ts";

const CREDENTIALS = {
  remoteAddress: "192.0.2.1:1",
  secure: true,
  peer: { identities: ["spiffe://cluster.local/ns/a/sa/b"], otherNames: [] },
  headerValues: () => [],
};

/** What the CA may throw, the label of istiod's counter, and the status: section 4.4 of the specification. */
const ROWS: readonly (readonly [ErrorCode | "bug", string, Code])[] = [
  ["ca.not_ready", "CA_NOT_READY", Code.Internal],
  ["ca.csr_error", "CSR_ERROR", Code.InvalidArgument],
  ["ca.ttl_error", "TTL_ERROR", Code.InvalidArgument],
  ["ca.cert_gen_error", "CERT_GEN_ERROR", Code.Internal],
  ["crypto.failed", "UNKNOWN", Code.Internal],
  ["bug", "UNKNOWN", Code.Internal],
];

Deno.test("createCertificateService() counts each signing failure under istiod's label", async (t) => {
  for (const [code, label, status] of ROWS) {
    await t.step(code, async () => {
      const { ca, logger } = await createTestCa();
      using _ca = ca;
      const failing = Object.create(ca, {
        sign: {
          value: () =>
            Promise.reject(code === "bug" ? new TypeError("a") : new SignetError(code, "b")),
        },
      });
      const metrics = createMetrics();
      const clock = systemClock();
      const service = createCertificateService({
        ca: failing,
        authenticators: [clientCertificateAuthenticator()],
        admission: createTestAdmission({ logger, metrics, clock }),
        logger,
        metrics,
        clock,
      });
      const request = { csr: "", validityDuration: 0n, impersonatedIdentity: "" };
      await assert.rejects(
        () => service(request, CREDENTIALS, { isAbandoned: () => false }),
        (thrown) => thrown instanceof ConnectError && thrown.code === status,
      );
      const family = metrics.snapshot().find(({ name }) =>
        name === "citadel_server_csr_sign_err_count"
      );
      assert.deepEqual(family?.samples, [{ labels: { error: label }, value: 1 }]);
    });
  }
});
