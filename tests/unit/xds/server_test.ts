/** The xDS server over plain streams: sequences of a real Envoy, pushes, refusals of configuration. */
import assert from "node:assert/strict";
import { TYPE_URL } from "signet/xds/mod.ts";
import { serviceEntry } from "../../support/mesh.ts";
import { namesIn, NODE, openDelta } from "../../support/xds_client.ts";
import { A, B, CLUSTER_A, FIXED, settle, start, withServer } from "../../support/xds_server.ts";

const { cluster: CDS, endpoints: EDS, listener: LDS, routes: RDS } = TYPE_URL;

Deno.test("createXdsServer() takes a real Envoy through its start", async () => {
  await withServer(async ({ server, clock }) => {
    const { client, clusters, assignments, listeners, routes } = await start(server);
    assert.deepEqual(namesIn(clusters), [...FIXED, CLUSTER_A, "outbound|3306||b.example"]);
    assert.deepEqual(namesIn(assignments), [CLUSTER_A]);
    assert.deepEqual(namesIn(listeners), ["127.0.0.1_3306", "127.0.0.1_8080"]);
    assert.deepEqual(namesIn(routes), ["8080"]);
    assert.match(clusters!.version, /^2026-01-01T00:00:00Z\/1$/);
    assert.match(clusters!.nonce, /^2026-01-01T00:00:00Z\/1[0-9a-f]{8}-[0-9a-f-]{27}$/);
    await settle(clock);
    assert.deepEqual(server.streams().map(({ proxy, types }) => [proxy, types]), [[
      "web-1.default",
      {
        CDS: { status: "SYNCED" },
        EDS: { status: "SYNCED" },
        LDS: { status: "SYNCED" },
        RDS: { status: "SYNCED" },
      },
    ]]);
    await client.over();
    assert.deepEqual(server.streams(), []);
  });
});

Deno.test("createXdsServer() answers a reconnect in the order of its requests, and takes back what is gone", async () => {
  await withServer(async ({ server }) => {
    const client = openDelta(server);
    client.ask({ typeUrl: CDS, node: NODE, initial: [...FIXED, CLUSTER_A, "outbound|1||gone"] });
    client.ask({ typeUrl: EDS, subscribe: [CLUSTER_A], initial: [CLUSTER_A, "outbound|1||gone"] });
    client.ask({ typeUrl: LDS, initial: ["127.0.0.1_1"] });
    client.ask({ typeUrl: RDS, subscribe: ["8080"], initial: ["8080"] });
    const clusters = await client.next();
    assert.equal(clusters?.typeUrl, CDS);
    assert.deepEqual(clusters?.removed, ["outbound|1||gone"]);
    const endpoints = await client.next();
    assert.equal(endpoints?.typeUrl, EDS);
    assert.deepEqual(namesIn(endpoints).toSorted(), ["outbound|1||gone", CLUSTER_A].toSorted());
    assert.deepEqual(endpoints?.removed, []);
    assert.deepEqual((await client.next())?.removed, ["127.0.0.1_1"]);
    assert.equal((await client.next())?.typeUrl, RDS);
    await client.over();
  });
});

Deno.test("createXdsServer() pushes what changed, once things are quiet, and nothing else", async (t) => {
  await withServer(async ({ server, registry, clock, logs }) => {
    const { client } = await start(server);
    const pushed = async (yaml: string, count: number) => {
      registry.set(yaml);
      await clock.advance(99);
      await clock.advance(1);
      const responses = [];
      for (let at = 0; at < count; at++) {
        const response = await client.next();
        client.ask({ typeUrl: response!.typeUrl, responseNonce: response!.nonce });
        responses.push(response!);
      }
      return responses.map(({ typeUrl, resources, removed }) => [
        typeUrl,
        resources.map(({ name }) => name),
        removed,
      ]);
    };
    await t.step("an address: endpoints alone", async () => {
      const moved = A.replace("10.0.0.1", "10.0.0.9");
      assert.deepEqual(await pushed(moved + B, 1), [[EDS, [CLUSTER_A], []]]);
    });
    await t.step(
      "an identity: its cluster, and the endpoints that the proxy will want",
      async () => {
        const other = A.replace("sa }", "sb }");
        assert.deepEqual(await pushed(other + B, 2), [[CDS, [CLUSTER_A], []], [
          EDS,
          [CLUSTER_A],
          [],
        ]]);
      },
    );
    await t.step(
      "a service more: its cluster, its listener; routes of its port alone",
      async () => {
        const more = serviceEntry({ name: "c" });
        assert.deepEqual(await pushed(A + B + more, 3), [
          [CDS, [CLUSTER_A, "outbound|8080||c.example"], []],
          [EDS, [CLUSTER_A], []],
          [RDS, ["8080"], []],
        ]);
      },
    );
    await t.step("a service less: taken back", async () => {
      assert.deepEqual(await pushed(A, 3), [
        [CDS, [], ["outbound|3306||b.example", "outbound|8080||c.example"]],
        [LDS, [], ["127.0.0.1_3306"]],
        [RDS, ["8080"], []],
      ]);
    });
    await t.step("changes that come to nothing: nothing, and nobody is woken for it", async () => {
      const pushes = () => logs.records.filter(({ event }) => event === "xds.pushed").length;
      const before = pushes();
      assert.ok(before > 0);
      registry.set(A + B);
      await clock.advance(50);
      registry.set(A);
      await clock.advance(10_000);
      assert.equal(pushes(), before);
      client.close();
      assert.equal(await client.next(), undefined);
    });
  });
});

Deno.test("createXdsServer() merges what changes while a client is slow", async () => {
  await withServer(async ({ server, registry, clock }) => {
    const { client } = await start(server, { isSlow: true });
    for (const address of ["10.0.0.2", "10.0.0.3", "10.0.0.4"]) {
      registry.set(A.replace("10.0.0.1", address) + B);
      await clock.advance(1_000);
    }
    const response = await client.next();
    assert.match(response!.version, /\/4$/);
    assert.ok(new TextDecoder("latin1").decode(response!.resources[0]!.bytes).includes("10.0.0.4"));
    client.close();
    assert.equal(await client.next(), undefined, "one push for three changes");
  });
});

Deno.test("createXdsServer() does not send a refused configuration again, and goes on with the next", async () => {
  await withServer(async ({ server, registry, clock, metrics, logs }) => {
    const client = openDelta(server);
    client.ask({ typeUrl: CDS, node: NODE });
    const first = await client.next();
    client.ask({ typeUrl: CDS, responseNonce: first!.nonce, error: "no such filter" });
    await settle(clock);
    assert.deepEqual(server.streams()[0]?.types["CDS"], {
      status: "ERROR",
      error: "no such filter",
    });
    assert.match((await metrics.expose()).body, /^pilot_total_xds_rejects\{type="cds"\} 1$/m);
    assert.ok(logs.records.some(({ event }) => event === "xds.rejected"));
    registry.set(A);
    const pushed = client.next();
    await clock.advance(200);
    assert.deepEqual((await pushed)?.removed, ["outbound|3306||b.example"]);
    await client.over();
  });
});
