/** ConfigMaps in the namespaces of the mesh, while it changes which those are. */
import assert from "node:assert/strict";
import { followNamespaces, readSelector } from "signet/kube/mod.ts";
import { followConfigMaps } from "../../../lib/distribution/config_map.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { createPaperApi } from "../../support/paper_api.ts";
import { settle } from "../../support/xds_server.ts";

const NAMESPACES = "/api/v1/namespaces";
const CONFIG_MAPS = "/api/v1/configmaps";
const MESH = readSelector({ matchLabels: { mesh: "yes" } })!;

Deno.test("followConfigMaps() writes where the mesh is, and leaves alone what is there of a namespace that is not selected any more", async () => {
  const api = createPaperApi();
  const clock = createFakeClock(0);
  const onFailure = (thrown: unknown) => assert.fail(String(thrown));
  const host = { client: api.client, clock, random: () => 0.5, onFailure };
  const namespace = (name: string, mesh: string) =>
    api.put(NAMESPACES, { name, labels: { mesh }, more: { status: { phase: "Active" } } });
  const edited = (namespace: string) =>
    api.put(CONFIG_MAPS, { namespace, name: "roots", more: { data: { "root-cert.pem": "junk" } } });
  const takeWritten = async () => {
    await settle(clock);
    return api.written.splice(0).map(({ method, path }) => `${method} ${path.split("/")[4]}`);
  };
  namespace("in", "yes");
  namespace("out", "no");
  api.put(NAMESPACES, {
    ...{ name: "ends", labels: { mesh: "yes" }, more: { status: { phase: "Terminating" } } },
  });
  await using namespaces = followNamespaces([MESH], host);
  const config = { name: "roots", key: "root-cert.pem", text: () => "PEM" };
  await using maps = followConfigMaps(config, {
    ...{ ...host, namespaces, leads: () => true, onWritten: () => {} },
  });
  assert.deepEqual(await takeWritten(), ["POST in"]);
  namespace("out", "yes");
  assert.deepEqual(await takeWritten(), ["POST out"], "its labels match now");
  namespace("in", "no");
  edited("in");
  assert.deepEqual(await takeWritten(), [], "it is managed no more, and nothing is deleted");
  maps.refresh();
  assert.deepEqual(await takeWritten(), ["POST out"], "roots of paper are never there");
  namespaces.select([]);
  assert.deepEqual(await takeWritten(), ["PATCH in"], "all are selected: it is mended");
  namespaces.select([readSelector({ matchLabels: { mesh: "never" } })!]);
  edited("out");
  edited("in");
  assert.deepEqual(await takeWritten(), []);
});
