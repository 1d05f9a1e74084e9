/** `/debug/ndsz`: what a client of a namespace sees, in the form of Istio's NameTable. */
import assert from "node:assert/strict";
import { startMesh } from "../dns_over_tls/mesh.ts";

const DB = { ips: ["10.0.0.7"], registry: "External" };

Deno.test("/debug/ndsz shows the names of every client, and with a namespace those of its clients", async (t) => {
  await using server = await startMesh();
  const read = async (query: string) => {
    const response = await fetch(`http://${server.addr("monitoring")}/debug/ndsz${query}`);
    return { status: response.status, text: await response.text() };
  };
  const table = async (query: string) => JSON.parse((await read(query)).text).table;

  await t.step("without a namespace, what everybody sees", async () => {
    const { "db.example": db, "*.wild.example": wild, ...others } = await table("");
    assert.deepEqual([db, wild], [DB, DB]);
    assert.equal("private.example" in others, false);
  });
  await t.step("by proxyID as istiod takes it, and by namespace", async () => {
    for (const query of ["?proxyID=reviews-v1-5f.shop", "?namespace=shop"]) {
      const { "private.example": mine, "db.example": db } = await table(query);
      assert.deepEqual([mine?.ips, db], [["10.0.0.9"], DB], query);
    }
    assert.equal("private.example" in await table("?proxyID=reviews-v1-5f.other"), false);
  });
  await t.step("a proxyID that is none is refused", async () => {
    const { status, text } = await read("?proxyID=shop");
    assert.equal(status, 400);
    assert.match(text, /NAME\.NAMESPACE/);
  });
  await t.step("a changed document changes it", async () => {
    const later = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: later, namespace: shop }
spec: { hosts: [later.example], addresses: [10.0.0.8, "2001:db8::8"] }
`;
    await Deno.writeTextFile(`${server.cwd}/config/later.yaml`, later);
    let seen: unknown;
    for (let i = 0; i < 200 && seen === undefined; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      seen = (await table(""))["later.example"];
    }
    assert.deepEqual(seen, { ips: ["10.0.0.8", "2001:db8::8"], registry: "External" });
  });
});
