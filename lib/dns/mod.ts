/**
 * DNS over TLS: the names of the mesh and, by upstream servers, all others.
 *
 * @example What a name is
 * ```ts
 * import { buildNameTable } from "signet/dns/mod.ts";
 *
 * const table = buildNameTable({ generation: 1, services: [] }, { domain: "cluster.local" });
 * const { kind } = table.lookup("example.com", { namespace: "shop" });
 * if (kind !== "unknown") throw new TypeError("Nothing is known yet");
 * ```
 *
 * @module
 */
export { type AddressList, parseAddressList } from "./allow.ts";
export {
  type DotHost,
  type DotQuestion,
  type DotReply,
  type DotServer,
  queryDot,
} from "./client.ts";
export { type DnsConfig, type DnsHost, type DnsServer, listenDns } from "./dns.ts";
export {
  dataText,
  type DnsMessage,
  type DnsRecord,
  flagNames,
  type Question,
  type ReadEdns,
  readEdns,
  type ReadExtendedError,
  statusOf,
  TYPE as DNS_TYPE,
  typeName,
  typeNumber,
} from "./message/mod.ts";
export type { ForwardSettings } from "./forward/forwarder.ts";
export {
  checkForward,
  type ForwardConfig,
  type ForwardFinding,
  type ForwardHost,
  openForwarder,
} from "./forward/watch.ts";
export type { DnsLimits } from "./limits.ts";
export {
  buildNameTable,
  type NameAnswer,
  type NameClient,
  type NameInfo,
  type NameTable,
} from "./name_table.ts";
export { reverseName } from "./name_table.ts";
export type { FindRecords, NameRecords, SrvData } from "./name_records.ts";
export type {
  Age,
  Aging,
  AnswerSource,
  DnsAnswer,
  DnsClient,
  Forwarder,
  ForwardQuestion,
  Reuse,
} from "./port.ts";
