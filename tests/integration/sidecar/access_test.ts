/** Who may call a workload, by AuthorizationPolicy and RequestAuthentication, seen through two stock Envoys. */
import assert from "node:assert/strict";
import { makeIssuerKey, signToken } from "../../support/id_tokens.ts";
import { testWithPeers } from "../../support/peers.ts";
import { freePort } from "../../support/ports.ts";
import { tempDir } from "../../support/process.ts";
import { rawTalk } from "../../support/raw_http.ts";
import { startSignet } from "../../support/server.ts";
import { startApplication, startSidecar, untilConfigured } from "../../support/sidecar.ts";
import { until } from "../../support/until.ts";

const HTTPD = "127.0.0.3";
const HOST = "httpd.example";
const ISSUER = "https://issuer.example";

interface Ports {
  readonly http: number;
  readonly tcp: number;
}

function mesh({ service, workload, application }: Record<string, Ports>): string {
  const ingress = (kind: "http" | "tcp") =>
    `{ port: { number: ${
      workload![kind]
    }, name: ${kind}, protocol: ${kind} }, captureMode: NONE, defaultEndpoint: "127.0.0.1:${
      application![kind]
    }" }`;
  const port = (kind: "http" | "tcp") =>
    `{ number: ${service![kind]}, name: ${kind}, protocol: ${kind}, targetPort: ${
      workload![kind]
    } }`;
  return `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: httpd }
spec:
  hosts: [${HOST}]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [${port("http")}, ${port("tcp")}]
  workloadSelector: { labels: { app: httpd } }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: httpd-1 }
spec: { address: ${HTTPD}, labels: { app: httpd }, serviceAccount: httpd }
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: httpd }
spec:
  workloadSelector: { labels: { app: httpd } }
  ingress: [${ingress("http")}, ${ingress("tcp")}]
  egress: [{ hosts: ["~/*"] }]
`;
}

function policy(name: string, spec: string, { kind = "AuthorizationPolicy", more = "" } = {}) {
  return `---
apiVersion: security.istio.io/v1
kind: ${kind}
metadata: { name: ${name}${more} }
spec: { selector: { matchLabels: { app: httpd } }, ${spec} }
`;
}

const TEXTS = ["(", "[a", "\\\\", "\\ud800", "é", "__proto__", "*(", "(*", "a".repeat(4_000)]
  .map((text) => `"${text}"`).join();
/** Documents that are fine by Istio's rules, with what Envoy might refuse a whole listener for. */
const ODD = policy(
  "odd",
  `action: AUDIT, rules: [{ from: [{ source: { principals: [${TEXTS}], namespaces: [${TEXTS}], requestPrincipals: [${TEXTS}], ipBlocks: ["::ffff:1.2.3.4", "10.1.2.3/8", "fe80::1%nowhere"] } }], to: [{ operation: { hosts: [${TEXTS}], methods: [${TEXTS}], paths: ["/${
    "a".repeat(300)
  }/{*}/{**}", "/{*}", "*", "{*}/a", "//{*}", "/{*}//", "/{*}/"], ports: ["0"] } }], when: [{ key: "request.auth.claims[(]", values: [${TEXTS}] }, { key: "request.headers[a\\nb]", notValues: [${TEXTS}] }, { key: "request.headers[é]", values: [${TEXTS}] }, { key: "experimental.envoy.filters.a[ ]", values: ["[]"] }] }]`,
) + policy(
  "odd",
  `jwtRules: [{ issuer: "\\ud800", audiences: [${TEXTS}], jwks: '{"keys":[{"kty":"RSA","n":"AQ","e":"AQ"}]}' }, { issuer: a, fromHeaders: [{ name: x, prefix: "a\\nb" }] }, { issuer: b, outputPayloadToHeader: "\\r" }, { issuer: d, fromHeaders: [{ name: x, prefix: "a\\nb" }, { name: y }] }, { issuer: c, jwksUri: "https:opaque", fromParams: [${TEXTS}], fromCookies: [${TEXTS}], timeout: 9000h }]`,
  { kind: "RequestAuthentication" },
);

testWithPeers(
  "A workload takes the calls that its policies allow, and the tokens of its issuers",
  ["pilot-agent", "envoy"],
  async (t, { "pilot-agent": agent, envoy }) => {
    await using folder = await tempDir();
    const answer = (headers: Headers) =>
      [...headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    await using app = startApplication({ answer, greeting: "hello", waits: true });
    const pair = (): Ports => ({ http: freePort(), tcp: freePort() });
    const [service, workload] = [pair(), pair()];
    await Deno.writeTextFile(
      `${folder.path}/mesh.yaml`,
      mesh({ service, workload, application: app }),
    );
    const say = (text: string) => Deno.writeTextFile(`${folder.path}/policy.yaml`, text);
    await using server = await startSignet({ args: ["--configDir", folder.path] });
    const shared = { agent, envoy, server };
    await using web = await startSidecar({ ...shared, name: "web", address: "127.0.0.2" });
    await using httpd = await startSidecar({ ...shared, name: "httpd", address: HTTPD });
    await untilConfigured(web);
    await untilConfigured(httpd);
    const ask = async (path: string, { token, direct = false }: {
      readonly token?: string;
      readonly direct?: boolean;
    } = {}) => {
      const [port, at] = direct ? [workload.http, HTTPD] : [service.http, "127.0.0.1"];
      const bearer = token === undefined ? "" : `Authorization: Bearer ${token}\r\n`;
      const text = await rawTalk(
        port,
        `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n${bearer}Connection: close\r\n\r\n`,
        at,
      ).catch(() => "");
      return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text };
    };
    const status = async (...args: Parameters<typeof ask>) => (await ask(...args)).status;
    const bytes = (direct = false) =>
      rawTalk(
        direct ? workload.tcp : service.tcp,
        "hello, who is there?",
        direct ? HTTPD : "127.0.0.1",
      ).catch(() => "");
    const untilStatus = (wanted: number, ...args: Parameters<typeof ask>) =>
      until(
        `${args[0]} is answered with ${wanted}`,
        async () => await status(...args) === wanted ? true : undefined,
      );
    const untilBytes = (wanted: string, direct = false) =>
      until(
        `bytes are ${wanted === "" ? "refused" : "taken"}`,
        async () => await bytes(direct) === wanted ? true : undefined,
      );

    await t.step("ALLOW by principal and path: nothing else is taken", async () => {
      await say(policy(
        "allow",
        `rules: [{ from: [{ source: { principals: ["cluster.local/ns/default/sa/web"] } }], to: [{ operation: { methods: [GET], paths: ["/public*", "/items/{*}/view"] } }] }]`,
      ));
      await untilStatus(403, "/other");
      assert.equal(await status("/public/a?b=c"), 200);
      assert.equal(await status("/items/7/view"), 200);
      assert.equal(await status("/items/7/8/view"), 403);
      assert.equal(await status("/public/a", { direct: true }), 403, "who has no identity");
      // Paths are nothing that bytes have: the rule allows none.
      await untilBytes("");
    });
    await t.step("DENY by namespace comes before ALLOW", async () => {
      await say(
        policy("allow", "rules: [{}]") + policy(
          "deny",
          `action: DENY, rules: [{ from: [{ source: { namespaces: [default] } }], to: [{ operation: { paths: [/private] } }] }]`,
        ),
      );
      await untilStatus(200, "/other");
      assert.equal(await status("/private"), 403);
      assert.equal(await status("/private", { direct: true }), 200, "who is in no namespace");
      // What denies by a path denies bytes without looking for one.
      await untilBytes("hello", true);
      assert.equal(await bytes(), "");
    });
    const key = await makeIssuerKey("k1");
    const token = (claims: Readonly<Record<string, unknown>>, iss = ISSUER) =>
      signToken(key, { iss, sub: "me", exp: Date.now() / 1000 + 600, ...claims });
    const required = policy(
      "required",
      `rules: [{ from: [{ source: { requestPrincipals: ["${ISSUER}/me"] } }], when: [{ key: "request.auth.claims[realm][roles]", values: [reader, admin] }] }]`,
    );
    const roles = (...roles: string[]) => token({ realm: { roles }, scope: "a b" });
    await t.step("a token is required, and checked", async () => {
      const jwks = JSON.stringify({ keys: [key.jwk] });
      await say(
        required + policy(
          "tokens",
          `jwtRules: [{ issuer: "${ISSUER}", jwks: '${jwks}', outputPayloadToHeader: x-payload, forwardOriginalToken: true }]`,
          { kind: "RequestAuthentication" },
        ),
      );
      await untilStatus(401, "/", { token: "not.a.token" });
      assert.equal(await status("/"), 403, "no token passes the check, and is not allowed");
      const good = await ask("/", { token: await roles("reader") });
      assert.equal(good.status, 200, good.text);
      assert.match(good.text, /x-payload: /);
      assert.match(good.text, /authorization: Bearer /);
      assert.equal(await status("/", { token: await roles("writer") }), 403);
      assert.equal(await status("/", { token: await token({}, "https://other.example") }), 401);
      const stranger = await makeIssuerKey("k1");
      const forged = await signToken(stranger, { iss: ISSUER, sub: "me" });
      assert.equal(await status("/", { token: forged }), 401);
    });
    await t.step("keys are fetched by the proxy", async () => {
      await using keys = Deno.serve(
        { hostname: "127.0.0.1", port: freePort(), onListen: () => {} },
        () => Response.json({ keys: [key.jwk] }, { headers: { connection: "close" } }),
      );
      await say(
        required + policy(
          "tokens",
          `jwtRules: [{ issuer: "${ISSUER}", jwksUri: "http://127.0.0.1:${keys.addr.port}/keys" }, { issuer: "https://tls.example", jwksUri: "https://127.0.0.1:1/keys" }, { issuer: "https://unknown.example" }]`,
          { kind: "RequestAuthentication" },
        ),
      );
      const good = await roles("admin");
      await until("the token is good", async () => {
        const { status, text } = await ask("/", { token: good });
        return status === 200 && !/authorization: Bearer/.test(text) ? true : undefined;
      });
      assert.equal(await status("/", { token: await token({}, "https://unknown.example") }), 401);
      assert.match(await httpd.admin("/clusters"), /jwks\|1\|tls\|127\.0\.0\.1::/);
    });
    await t.step("a policy that is tried out refuses nothing", async () => {
      await say(
        ODD + policy("deny", "action: DENY, rules: [{}]", {
          more: `, annotations: { istio.io/dry-run: "true" }`,
        }),
      );
      await untilStatus(200, "/");
      await until(
        "the odd policy is there",
        async () => /policy\[odd\]/.test(await httpd.admin("/config_dump")) ? true : undefined,
      );
      // Istio's bootstrap leaves these counters out: that Envoy has the rules is what can be seen.
      assert.match(await httpd.admin("/config_dump"), /istio_dry_run_deny_/);
    });
    await t.step("a policy that asks an authorizer that nobody knows refuses", async () => {
      await say(policy("ask", `action: CUSTOM, provider: { name: nobody }, rules: [{}]`));
      await untilStatus(403, "/");
      await say("");
      await untilStatus(200, "/");
    });
    await t.step("no proxy refused anything", async () => {
      for (const sidecar of [web, httpd]) {
        assert.doesNotMatch(
          await sidecar.admin("/stats?filter=update_rejected"),
          /update_rejected: [1-9]/,
        );
      }
    });
  },
);
