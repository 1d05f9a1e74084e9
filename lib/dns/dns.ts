/** DNS over TLS as a part of the server: the mesh's names from the registry, upstream servers for the rest, a listener before them. */
import type { Clock } from "../base/mod.ts";
import { randomBytes, sha256 } from "../crypto/mod.ts";
import type { ServiceRegistry } from "../registry/mod.ts";
import type { ServerCert } from "../server_cert/mod.ts";
import type { Logger, Metrics } from "../telemetry/mod.ts";
import {
  type ClientCertificate,
  createPeerVerifier,
  type PeerVerifierOptions,
} from "../tls/mod.ts";
import { createPeerJudge } from "../transport/mod.ts";
import { parseAddressList } from "./allow.ts";
import { createAnswerer } from "./answer.ts";
import type { DnsLimits } from "./limits.ts";
import { listenDot } from "./listen.ts";
import { buildNameTable, type NameInfo, type NameTable } from "./name_table.ts";
import { rememberRecords } from "./name_records.ts";
import { createDnsObserver } from "./observer.ts";
import type { Forwarder } from "./port.ts";
import { SaidAnswers } from "./said_answers.ts";

/** Settings of DNS. */
export interface DnsConfig {
  /** Where to listen; undefined turns DNS off. */
  readonly addr: { readonly hostname: string; readonly port: number } | undefined;
  /** Lowest TLS version. */
  readonly tlsMinVersion: "TLSv1.2" | "TLSv1.3";
  /** The cluster's domain. */
  readonly domain: string;
  /** Addresses and prefixes that may ask without a certificate. */
  readonly allow: readonly string[];
  /** What others get. */
  readonly refuse: "answer" | "handshake";
  /** One of so many queries is logged; 0 logs none. */
  readonly logOneOf: number;
  /** Bounds. */
  readonly limits: DnsLimits;
}

/** What DNS needs of the world. */
export interface DnsHost {
  /** Time. */
  readonly clock: Clock;
  /** Signature checks of client certificates. */
  readonly crypto: { readonly verify: PeerVerifierOptions["verifySignature"] };
  /** The serving certificate and the roots of clients. */
  readonly cert: ServerCert;
  /** The mesh's trust domain now. */
  readonly trustDomain: () => string;
  /** The mesh's services. */
  readonly registry: ServiceRegistry;
  /** For what is not the mesh's; undefined forwards nothing. */
  readonly forwarder: Forwarder | undefined;
  /** For refusals, failures and sampled queries. */
  readonly logger: Logger;
  /** For counters. */
  readonly metrics: Metrics;
}

/** DNS that is served, or turned off. */
export interface DnsServer extends AsyncDisposable {
  /** Where it listens; undefined when it is turned off. */
  readonly addr: string | undefined;
  /** The names that a client of `namespace` sees, in the form of Istio's debug view. */
  names(namespace: string | undefined): Readonly<Record<string, NameInfo>>;
  /** Stops accepting, answers what is in flight until the deadline, closes. */
  drain(deadlineMs: number): Promise<void>;
}

/**
 * Serves DNS over TLS until disposed.
 *
 * @throws {SignetError} `transport.bind_failed`; `config.bad_value` for a list of addresses that is none.
 */
export async function listenDns(config: DnsConfig, host: DnsHost): Promise<DnsServer> {
  const { registry } = host;
  const said = new SaidAnswers(pick);
  const find = rememberRecords();
  const build = (): NameTable => {
    const { services, namesGeneration: generation } = registry.current;
    return buildNameTable({ generation, services }, { domain: config.domain, find });
  };
  let table = build();
  const following = registry.onChange(({ namesGeneration }) => {
    if (namesGeneration === table.generation) return;
    table = build();
    said.clear();
  });
  const names = (namespace: string | undefined) => table.list({ namespace });
  if (config.addr === undefined) {
    return {
      addr: undefined,
      names,
      drain: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(following[Symbol.dispose]()),
    };
  }
  const listener = await listenDot({
    addr: config.addr,
    tlsMinVersion: config.tlsMinVersion,
    allow: parseAddressList(config.allow, "--dnsAllow"),
    refuse: config.refuse,
    limits: config.limits,
  }, {
    ...host,
    ...judgesOf(host),
    said,
    answer: createAnswerer({ table: () => table, forwarder: host.forwarder, pick }),
    observer: createDnsObserver({ ...host, logOneOf: config.logOneOf }),
  });
  return {
    addr: listener.addr,
    names,
    drain: (deadlineMs) => listener.drain(deadlineMs),
    async [Symbol.asyncDispose]() {
      following[Symbol.dispose]();
      await listener[Symbol.asyncDispose]();
    },
  };
}

/** A number from 0 up to, not including, `below`, which is at most 256. */
function pick(below: number): number {
  return randomBytes(1)[0]! % below;
}

/** Who judges a client when it comes, and while it stays. */
function judgesOf({ cert, clock, crypto, trustDomain, logger, metrics }: DnsHost) {
  const verifier = createPeerVerifier({
    roots: () => cert.clientRoots,
    trustDomain,
    verifySignature: (key, scheme, data, signature) => crypto.verify(key, scheme, data, signature),
    nowMs: () => clock.nowMs(),
  });
  const digest = (der: Uint8Array) => sha256(der).toHex();
  return {
    judge: createPeerJudge({ verifier, digest, clock, logger, metrics }),
    standing: (client: ClientCertificate) => verifier.standing(client),
  };
}
