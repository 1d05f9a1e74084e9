/** Where a proxy gets what a resource refers to: from the stream that it is on, or its secrets from the agent beside it. */
import type { ConfigSourceJson } from "../../proto/gen/envoy/config/core/v3/config_source_pb.ts";
import type { SdsSecretConfigJson } from "../../proto/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";

/** The stream itself. Waits for ever, as an answer always comes: traffic before it would go nowhere. */
export const FROM_STREAM: ConfigSourceJson = {
  ads: {},
  initialFetchTimeout: "0s",
  resourceApiVersion: "V3",
};

/** The static cluster of Istio's bootstrap that leads to the agent's socket. */
const AGENT_CLUSTER = "sds-grpc";

/** A secret of the agent: the workload's certificate (`default`) or the mesh's roots (`ROOTCA`). Waited for for ever: it always comes. */
export function agentSecret(name: "default" | "ROOTCA"): SdsSecretConfigJson {
  return fromAgent(name, { initialFetchTimeout: "0s" });
}

/** A secret that the agent makes of files of the proxy's machine; one whose files are not there never comes, and is not waited for long. */
export function agentFile(name: string): SdsSecretConfigJson {
  return fromAgent(name, {});
}

function fromAgent(name: string, waits: Pick<ConfigSourceJson, "initialFetchTimeout">) {
  return {
    name,
    sdsConfig: {
      resourceApiVersion: "V3",
      ...waits,
      apiConfigSource: {
        apiType: "GRPC",
        transportApiVersion: "V3",
        setNodeOnFirstMessageOnly: true,
        grpcServices: [{ envoyGrpc: { clusterName: AGENT_CLUSTER } }],
      },
    },
  } satisfies SdsSecretConfigJson;
}
