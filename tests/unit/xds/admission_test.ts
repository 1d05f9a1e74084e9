/** Who may open a stream, in istiod's order and words, and what a stream can make the server keep. */
import assert from "node:assert/strict";
import { SignetError } from "signet/base/mod.ts";
import { TYPE_URL, type XdsConfig, type XdsServer } from "signet/xds/mod.ts";
import { credentials, namesIn, NODE, openDelta, type XdsClient } from "../../support/xds_client.ts";
import { CLUSTER_A, settle, start, withServer } from "../../support/xds_server.ts";

const { cluster: CDS, endpoints: EDS, listener: LDS, routes: RDS } = TYPE_URL;

async function refusalOf(server: XdsServer, client: XdsClient): Promise<readonly string[]> {
  assert.equal(await client.next(), undefined);
  assert.deepEqual(server.streams(), []);
  return [client.end?.status ?? "", client.end?.text ?? ""];
}

Deno.test("createXdsServer() refuses streams in istiod's order and words", async (t) => {
  const row = (
    name: string,
    { who = credentials(), node = NODE, config = {}, nodeBytes = 0 }: {
      readonly who?: ReturnType<typeof credentials>;
      readonly node?: typeof NODE | undefined;
      readonly config?: Partial<XdsConfig>;
      readonly nodeBytes?: number;
    },
    expected: readonly [string, string | RegExp],
  ) =>
    t.step(name, () =>
      withServer(async ({ server }) => {
        const client = openDelta(server, who);
        client.ask({ typeUrl: CDS, node, nodeBytes });
        const [status, text] = await refusalOf(server, client);
        assert.equal(status, expected[0]);
        if (typeof expected[1] === "string") assert.equal(text, expected[1]);
        else assert.match(text!, expected[1]);
      }, { config }));
  const web = "spiffe://cluster.local/ns/default/sa/web";
  await row("no credential on TLS", { who: credentials([]) }, [
    "unauthenticated",
    "authentication failure",
  ]);
  await row("no credential in plaintext where one is wanted", {
    config: { authenticatesPlaintext: true },
  }, ["unauthenticated", "authentication failure"]);
  await row("no id", { node: { ...NODE, id: "" } }, [
    "invalid_argument",
    "missing node information",
  ]);
  await row("a large node", { nodeBytes: 300_000 }, [
    "invalid_argument",
    "the node has 300000 bytes, at most 262144 are taken",
  ]);
  await row("another namespace", {
    who: credentials([web]),
    node: { ...NODE, metadata: { ...NODE.metadata, NAMESPACE: "shop" } },
  }, [
    "permission_denied",
    `authorization failed: no identities ([${web}]) matched shop/web`,
  ]);
  await row("another service account", {
    who: credentials(["spiffe://cluster.local/ns/default/sa/api"]),
  }, ["permission_denied", /^authorization failed: no identities .* matched default\/web$/]);
  await row("no SPIFFE ID at all", { who: credentials(["web.example"]) }, [
    "permission_denied",
    /^authorization failed/,
  ]);
  await row("a gateway", { node: { ...NODE, id: NODE.id.replace("sidecar", "router") } }, [
    "invalid_argument",
    /configures sidecars, not a router$/,
  ]);
  await row("interception", {
    node: { ...NODE, metadata: { ...NODE.metadata, INTERCEPTION_MODE: "REDIRECT" } },
  }, [
    "invalid_argument",
    /INTERCEPTION_MODE is REDIRECT, should be NONE$/,
  ]);
});

Deno.test("createXdsServer() tells a stream to come again when too many credentials are being looked at", async () => {
  const authenticators = [{
    type: "Busy",
    authenticate: () =>
      Promise.reject(new SignetError("authn.overloaded", "Cannot check the token: all are busy")),
  }];
  await withServer(async ({ server, logs }) => {
    const client = openDelta(server, credentials([]));
    client.ask({ typeUrl: CDS, node: NODE });
    assert.deepEqual(await refusalOf(server, client), [
      "resource_exhausted",
      "too many credentials are being looked at",
    ]);
    const [refused] = logs.records.filter(({ event }) => event === "xds.stream_refused");
    assert.match(JSON.stringify(refused), /all are busy/);
  }, { authenticators });
});

Deno.test("createXdsServer() admits who shows the right certificate, or need not", async (t) => {
  const rows = {
    "of the node": [credentials(["spiffe://cluster.local/ns/default/sa/web"]), {}],
    "of another node, unchecked": [
      credentials(["spiffe://cluster.local/ns/shop/sa/api"]),
      { checksIdentity: false },
    ],
    "none, unasked": [credentials([]), { authenticates: false }],
    "none in plaintext": [credentials(), {}],
  } as const;
  for (const [name, [who, config]] of Object.entries(rows)) {
    await t.step(name, () =>
      withServer(async ({ server }) => {
        const client = openDelta(server, who);
        client.ask({ typeUrl: CDS, node: NODE });
        assert.ok(namesIn(await client.next()).includes(CLUSTER_A));
        await client.over();
      }, { config }));
  }
});

Deno.test("createXdsServer() bounds what a hostile stream can make it keep", async (t) => {
  await t.step("a hundred thousand names in one request", () =>
    withServer(async ({ server }) => {
      const client = openDelta(server);
      const subscribe = Array.from({ length: 100_000 }, (_, at) => `n${at}`);
      client.ask({ typeUrl: EDS, node: NODE, subscribe });
      assert.deepEqual(await refusalOf(server, client), [
        "resource_exhausted",
        "100000 names are subscribed to, a stream may have 50000",
      ]);
    }));
  await t.step("as many bit by bit, over two types", () =>
    withServer(async ({ server }) => {
      const client = openDelta(server);
      const names = (from: number) => Array.from({ length: 30_000 }, (_, at) => `n${from + at}`);
      client.ask({ typeUrl: EDS, node: NODE, subscribe: names(0) });
      assert.equal(namesIn(await client.next()).length, 30_000, "each name is answered");
      client.ask({ typeUrl: RDS, subscribe: names(0) });
      assert.equal((await refusalOf(server, client))[0], "resource_exhausted");
    }));
  await t.step("a long name", () =>
    withServer(async ({ server }) => {
      const client = openDelta(server);
      client.ask({ typeUrl: EDS, node: NODE, subscribe: ["x".repeat(2_000)] });
      assert.equal((await refusalOf(server, client))[0], "invalid_argument");
    }));
  await t.step(
    "types that nobody knows, and nonces that never were",
    () =>
      withServer(async ({ server, logs, metrics }) => {
        const client = openDelta(server);
        client.ask({ typeUrl: CDS, node: NODE });
        await client.next();
        for (let at = 0; at < 100; at++) {
          client.ask({ typeUrl: `type.googleapis.com/odd.${at}` });
          client.ask({ typeUrl: CDS, responseNonce: `never ${at}` });
        }
        client.ask({ typeUrl: LDS });
        assert.equal((await client.next())?.typeUrl, LDS, "the stream goes on");
        assert.equal(logs.records.filter(({ event }) => event === "xds.unknown_type").length, 5);
        assert.match((await metrics.expose()).body, /^pilot_xds_expired_nonce\{type="cds"\} 100$/m);
        await client.over();
      }),
  );
  await t.step("no first request", () =>
    withServer(async ({ server, clock }) => {
      const client = openDelta(server);
      client.ask({ typeUrl: TYPE_URL.health });
      const end = client.next();
      await settle(clock);
      await clock.advance(31_000);
      assert.equal(await end, undefined);
      assert.equal(client.end?.status, "deadline_exceeded");
    }));
  await t.step("a reader that never reads on", () =>
    withServer(async ({ server, clock }) => {
      const client = openDelta(server, credentials(), { isSlow: true });
      client.ask({ typeUrl: CDS, node: NODE });
      await client.next();
      assert.equal(client.isAbandoned, false);
      await clock.advance(61_000);
      assert.equal(client.isAbandoned, true);
      assert.equal(await client.next(), undefined);
      assert.deepEqual(server.streams(), []);
    }));
  await t.step("many streams of one connection", () =>
    withServer(async ({ server, clock }) => {
      const clients = Array.from({ length: 9 }, () => openDelta(server));
      for (const client of clients) client.ask({ typeUrl: CDS, node: NODE });
      const answers = clients.map((client) => client.next());
      await settle(clock);
      await clock.advance(1_000);
      const answered = await Promise.all(answers);
      assert.equal(answered.filter((answer) => answer !== undefined).length, 8);
      assert.match(clients[8]!.end!.text, /^too many xDS streams: 8 of this connection/);
      for (const client of clients) await client.over();
      const next = openDelta(server);
      next.ask({ typeUrl: CDS, node: NODE });
      const again = next.next();
      await settle(clock);
      await clock.advance(1_000);
      assert.ok(await again);
      await next.over();
    }));
});

Deno.test("createXdsServer() gives new streams turns, and refuses those that would wait too long", async () => {
  await withServer(async ({ server, clock }) => {
    const clients = Array.from(
      { length: 6 },
      (_, at) => openDelta(server, credentials(undefined, `192.0.2.1:${at}`)),
    );
    for (const client of clients) client.ask({ typeUrl: CDS, node: NODE });
    const answers = clients.map((client) => client.next());
    await settle(clock);
    await clock.advance(2_000);
    const answered = (await Promise.all(answers)).filter((answer) => answer !== undefined);
    assert.equal(answered.length, 4, "at once, and three more in a second");
    const refused = clients.find(({ end }) => end !== undefined);
    assert.equal(refused?.end?.status, "resource_exhausted");
    assert.match(refused!.end!.text, /^request rate limit exceeded: 3 new streams a second/);
    for (const client of clients) await client.over();
  }, { config: { newStreamsPerSecond: 3 } });
});

Deno.test("createXdsServer() leaves no timer behind", async (t) => {
  await t.step("after a stream", () =>
    withServer(async ({ server, clock }) => {
      const { client } = await start(server);
      await client.over();
      await server[Symbol.asyncDispose]();
      assert.equal(clock.waiting, 0);
    }));
  await t.step("when it ends at whichever step of a first stream", async () => {
    for (let steps = 0; steps < 40; steps++) {
      await withServer(async ({ server, clock }) => {
        const client = openDelta(server);
        client.ask({ typeUrl: CDS, node: NODE });
        for (let step = 0; step < steps; step++) await Promise.resolve();
        await server[Symbol.asyncDispose]();
        while (await client.next() !== undefined);
        assert.equal(clock.waiting, 0);
        await client.over();
      });
    }
  });
});
