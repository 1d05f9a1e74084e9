import assert from "node:assert/strict";

import { caclient, issueIdentity, tlsFlags } from "../../support/caclient.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { type SignetServer, startSignet } from "../../support/server.ts";

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly sum?: number;
}

type Page = Readonly<
  Record<string, { readonly type: string; readonly help: string; readonly series: Series[] }>
>;

async function scrape(server: SignetServer, promcheck: string): Promise<Page> {
  const response = await fetch(`http://${server.addr("monitoring")}/metrics`);
  assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const ran = await run(promcheck, [], { stdin: await response.text() });
  assert.equal(ran.code, 0, ran.stderr);
  return JSON.parse(ran.stdout) as Page;
}

/** The value of the one series with these labels, and no others. */
function valueOf(page: Page, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = JSON.stringify(Object.entries(labels).sort());
  const found =
    page[name]?.series.filter((series) =>
      JSON.stringify(Object.entries(series.labels).sort()) === wanted
    ) ?? [];
  assert.equal(found.length, 1, `${name}${wanted}: ${JSON.stringify(page[name]?.series)}`);
  return found[0]!.value;
}

const CALL = {
  grpc_service: "istio.v1.auth.IstioCertificateService",
  grpc_method: "CreateCertificate",
  grpc_type: "unary",
};
const CITADEL = "citadel_server_";

testWithPeers(
  "Prometheus' parser reads istiod's metrics and signet's own, each from its first use on",
  ["caclient", "promcheck"],
  async (t, peers) => {
    await using server = await startSignet();
    const identity = await issueIdentity(server);
    const issue = (args: readonly string[], anonymous = false) =>
      caclient(peers.caclient, [
        ...["issue", ...tlsFlags(server, anonymous ? undefined : identity)],
        ...args,
      ]);

    await t.step("before the first call only what describes the server is there", async () => {
      const page = await scrape(server, peers.promcheck);
      assert.deepEqual(
        Object.keys(page).filter((name) => /^(citadel|grpc)_/.test(name)).sort(),
        [`${CITADEL}root_cert_expiry_seconds`, `${CITADEL}root_cert_expiry_timestamp`],
      );
      const version = page["pilot_info"]!.series[0]!.labels["version"]!;
      assert.match(version, /^\d+\.\d+\.\d+-/);
      assert.equal(valueOf(page, "pilot_info", { version }), 1);
      assert.equal(valueOf(page, "istio_build", { component: "pilot", tag: version }), 1);
      assert.ok(valueOf(page, "istiod_uptime_seconds") > 0);
      for (const { help } of Object.values(page)) assert.notEqual(help, "");
    });

    for (let n = 0; n < 3; n++) await issue([]);
    await issue([], true);
    await issue(["-meta", "ImpersonatedIdentity=spiffe://cluster.local/ns/a/sa/b"]);
    await issue(["-ttl", "2161h"]);
    await issue(["-key-kind", "p224"]);
    await caclient(peers.caclient, ["health", ...tlsFlags(server, identity)]);
    await caclient(peers.caclient, ["watch", ...tlsFlags(server, identity), "-deadline", "200ms"]);
    const page = await scrape(server, peers.promcheck);

    await t.step("istiod's counters of the CA", () => {
      assert.equal(valueOf(page, `${CITADEL}csr_count`), 7);
      assert.equal(valueOf(page, `${CITADEL}success_cert_issuance_count`), 3);
      assert.equal(valueOf(page, `${CITADEL}authentication_failure_count`), 2);
      const errors = `${CITADEL}csr_sign_err_count`;
      assert.equal(valueOf(page, errors, { error: "TTL_ERROR" }), 1);
      assert.equal(valueOf(page, errors, { error: "CSR_ERROR" }), 1);
      // istiod declares these and never counts them, so that they never appear.
      assert.equal(page[`${CITADEL}csr_parsing_err_count`], undefined);
      assert.equal(page[`${CITADEL}id_extraction_err_count`], undefined);
    });

    await t.step("grpc_server_* by method, type and code", () => {
      assert.equal(valueOf(page, "grpc_server_started_total", CALL), 7);
      assert.equal(valueOf(page, "grpc_server_msg_received_total", CALL), 7);
      assert.equal(valueOf(page, "grpc_server_msg_sent_total", CALL), 3);
      assert.equal(valueOf(page, "grpc_server_handling_seconds", CALL), 7);
      const handled = (code: string) =>
        valueOf(page, "grpc_server_handled_total", { ...CALL, grpc_code: code });
      assert.deepEqual(
        [handled("OK"), handled("Unauthenticated"), handled("InvalidArgument")],
        [3, 2, 2],
      );
    });

    await t.step("a stream that its caller gave up counts as such, with its messages", () => {
      const watch = {
        grpc_service: "grpc.health.v1.Health",
        grpc_method: "Watch",
        grpc_type: "server_stream",
      };
      assert.equal(valueOf(page, "grpc_server_msg_received_total", watch), 1);
      assert.equal(valueOf(page, "grpc_server_msg_sent_total", watch), 1);
      const codes = page["grpc_server_handled_total"]!.series
        .filter(({ labels }) => labels["grpc_method"] === "Watch")
        .map(({ labels }) => labels["grpc_code"]);
      assert.equal(codes.length, 1);
      assert.match(codes[0]!, /^(Canceled|DeadlineExceeded)$/);
    });

    await t.step("signet's own latencies", () => {
      for (
        const name of [
          "grpc_server_handling_seconds",
          "signet_authentication_seconds",
          "signet_issuance_seconds",
          "signet_signing_seconds",
          "signet_tls_handshake_seconds",
        ]
      ) assert.equal(page[name]?.type, "HISTOGRAM", name);
      assert.equal(valueOf(page, "signet_issuance_seconds"), 5);
      assert.equal(valueOf(page, "signet_authentication_seconds", { result: "accepted" }), 6);
      assert.equal(valueOf(page, "signet_authentication_seconds", { result: "refused" }), 1);
      assert.equal(valueOf(page, "signet_tls_handshake_seconds"), 9);
      assert.ok(valueOf(page, "signet_signing_seconds") >= 3, "also signet's own certificate");
    });
  },
);
