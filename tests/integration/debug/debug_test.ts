import assert from "node:assert/strict";

import { issueIdentity, tlsFlags } from "../../support/caclient.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { startSignet } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const PAGES = ["ca", "config", "connections", "limits", "memory", "ndsz", "scopes", "syncz"];

/** An address of this machine that is not the loopback; undefined where there is none. */
function otherAddress(): string | undefined {
  return Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.")
  )?.address;
}

testWithPeers(
  "/debug answers this machine on both HTTP ports",
  ["curl", "caclient"],
  async (t, peers) => {
    await using server = await startSignet({ host: "0.0.0.0" });
    const url = (listener: "http" | "monitoring", path: string, host = "127.0.0.1") =>
      `http://${host}:${server.ports[listener]}${path}`;
    const read = async (path: string) => await (await fetch(url("monitoring", path))).json();

    for (const listener of ["http", "monitoring"] as const) {
      await t.step(listener, async () => {
        const index = await fetch(url(listener, "/debug"));
        assert.equal(index.headers.get("content-type"), "text/html; charset=utf-8");
        assert.equal(index.headers.get("content-security-policy"), "default-src 'none'");
        const html = await index.text();
        for (const page of PAGES) assert.ok(html.includes(`href="/debug/${page}"`), page);
        const list = await (await fetch(url(listener, "/debug/list"))).json() as { href: string }[];
        assert.deepEqual(
          list.map(({ href }) => href).sort(),
          PAGES.map((page) => `/debug/${page}`),
        );
        for (const { href } of list) assert.equal(typeof await read(href), "object");
        for (const absent of ["adsz", "config_dump", "pprof/heap", "force_disconnect"]) {
          const response = await fetch(url(listener, `/debug/${absent}`));
          await response.body?.cancel();
          assert.equal(response.status, 404, absent);
        }
      });
    }

    await t.step("connections and their identities", async () => {
      const identity = await issueIdentity(server);
      const flags = [...tlsFlags(server, identity), "-deadline", "3s"];
      const watching = run(peers.caclient, ["watch", ...flags]);
      const seen = await until("the connection's stream is open", async () => {
        const open: readonly { identities: readonly string[]; openStreams: number }[] = await read(
          "/debug/connections",
        );
        return open.some(({ openStreams }) => openStreams > 0) ? open : undefined;
      });
      assert.deepEqual(seen.map(({ identities }) => identities), [[
        "spiffe://cluster.local/ns/default/sa/demo",
      ]]);
      await watching;
    });

    await t.step("a level of the log is changed while it runs", async () => {
      const put = (query: string) =>
        fetch(url("http", `/debug/scopes?${query}`), { method: "PUT" });
      const bad = await put("scope=ca&level=loud");
      assert.equal(bad.status, 400, await bad.text());
      const good = await put("scope=audit&level=none");
      assert.equal((await good.json())["audit"], "none");
      const before = server.stdout().length;
      const identity = await issueIdentity(server, undefined, "quiet");
      await run(peers.caclient, ["issue", ...tlsFlags(server, identity)]);
      assert.doesNotMatch(server.stdout().slice(before), /certificate_issued/);
    });

    await t.step("another name for this machine is refused: DNS rebinding", async () => {
      for (
        const args of [["-H", "host: evil.example"], ["-H", "origin: http://evil.example"], [
          "-H",
          "x-forwarded-for: 192.0.2.1",
        ]]
      ) {
        const { stdout } = await run(peers.curl, [
          "-s",
          "-w",
          "%{http_code}",
          ...args,
          url("http", "/debug/config"),
        ]);
        assert.match(stdout, /403$/, args.join());
        assert.doesNotMatch(stdout, /stateDir/);
      }
    });

    await t.step("another address of this machine is refused", async () => {
      const address = otherAddress();
      if (address === undefined) return;
      const host = ["-H", "host: localhost"];
      for (const listener of ["http", "monitoring"] as const) {
        const { stdout } = await run(peers.curl, [
          "-s",
          "-w",
          "%{http_code}",
          ...host,
          url(listener, "/debug", address),
        ]);
        assert.match(stdout, /403$/);
      }
    });
  },
);

Deno.test("ENABLE_DEBUG_ON_HTTP=false takes the pages away", async () => {
  await using server = await startSignet({ env: { ENABLE_DEBUG_ON_HTTP: "false" } });
  for (const listener of ["http", "monitoring"] as const) {
    const response = await fetch(`http://${server.addr(listener)}/debug/list`);
    await response.body?.cancel();
    assert.equal(response.status, 404);
  }
});
