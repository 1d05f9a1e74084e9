/** The answer to a question, for people and for programs. */
import {
  dataText,
  DNS_TYPE,
  type DnsRecord,
  type DotReply,
  flagNames,
  type ReadEdns,
  readEdns,
  statusOf,
  typeName,
} from "../dns/mod.ts";
import { type Field, formatFields, formatTable, type Json, type Output } from "./output.ts";

const CLASS_IN = 1;

/** What was asked, and where. */
export interface Asked {
  /** The name. */
  readonly name: string;
  /** TYPE. */
  readonly type: number;
  /** The server, as it was typed. */
  readonly server: string;
}

interface ShownRecord {
  readonly name: string;
  readonly ttl: number;
  readonly class: string;
  readonly type: string;
  readonly data: string;
}

/** Both forms of a reply. @throws {SignetError} `dns.bad_message` for an OPT record that cannot be read. */
export function outputOfReply(reply: DotReply, { name, type, server }: Asked): Output {
  const { message, bytes, tlsVersion, alpn } = reply;
  const edns = readEdns(message);
  const sections = {
    answer: message.answers.map(show),
    authority: message.authorities.map(show),
    additional: message.additionals.filter((each) => each.type !== DNS_TYPE.OPT).map(show),
  };
  const [status, flags] = [statusOf(message), flagNames(message.flags)];
  const [connectMs, answerMs] = [roundMs(reply.connectMs), roundMs(reply.answerMs)];
  const fields: readonly Field[] = [
    ["server", `${server}, ${[tlsVersion, alpn || "no ALPN"].join(", ")}`],
    ["status", status],
    ["flags", flags.join(" ")],
    ["extended error", ...(edns?.extendedErrors ?? []).map(errorLine)],
    ["edns", ednsLine(edns)],
    ["size", `${bytes} octets`],
    ["time", `${connectMs} ms to connect, ${answerMs} ms to answer`],
  ];
  return {
    document: {
      ...{ server, name, type: typeName(type), tlsVersion, alpn, status, flags },
      edns: ednsDocument(edns),
      ...{ bytes, connectMs, answerMs },
      ...sections as unknown as { readonly [section: string]: Json },
    },
    lines: [
      `${name} ${typeName(type)}`,
      ...formatFields(fields, { indent: 2 }),
      ...Object.entries(sections).flatMap(([title, records]) => sectionLines(title, records)),
    ],
  };
}

function show(record: DnsRecord): ShownRecord {
  return {
    name: `${record.name}.`,
    ttl: record.ttl,
    class: record.class === CLASS_IN ? "IN" : `CLASS${record.class}`,
    type: typeName(record.type),
    data: dataText(record),
  };
}

function sectionLines(title: string, records: readonly ShownRecord[]): readonly string[] {
  if (records.length === 0) return [];
  const table = formatTable(records, [
    { title: title.toUpperCase(), text: (each) => each.name },
    { title: "TTL", text: (each) => String(each.ttl) },
    { title: "CLASS", text: (each) => each.class },
    { title: "TYPE", text: (each) => each.type },
    { title: "DATA", text: (each) => each.data },
  ]);
  return ["", ...table];
}

function errorLine({ code, name, text }: ReadEdns["extendedErrors"][number]): string {
  return `${code} ${name}${text === "" ? "" : `: ${text}`}`;
}

function ednsLine(edns: ReadEdns | undefined): string {
  if (edns === undefined) return "none";
  const { version, payloadBytes, dnssecOk, paddingBytes, keepaliveMs, otherOptions } = edns;
  return [
    `version ${version}`,
    `payload ${payloadBytes} octets`,
    ...(dnssecOk ? ["do"] : []),
    ...(paddingBytes === undefined ? ["not padded"] : [`padding ${paddingBytes} octets`]),
    ...(keepaliveMs === undefined ? [] : [`keepalive ${keepaliveMs / 1000} s`]),
    ...otherOptions.map((code) => `option ${code}`),
  ].join(", ");
}

function ednsDocument(edns: ReadEdns | undefined): Json {
  if (edns === undefined) return null;
  const { version, payloadBytes, dnssecOk, paddingBytes, keepaliveMs } = edns;
  return {
    ...{ version, payloadBytes, dnssecOk },
    paddingBytes: paddingBytes ?? null,
    keepaliveMs: keepaliveMs ?? null,
    extendedErrors: edns.extendedErrors.map((each) => ({ ...each })),
    otherOptions: edns.otherOptions,
  };
}

/** To a hundredth, as answers on one machine take less than one. */
function roundMs(ms: number): number {
  return Math.round(ms * 100) / 100;
}
