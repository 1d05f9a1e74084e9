/**
 * The sections of the benchmark, in the order of the README's table. A new row goes into the section whose baseline it shares; a new
 * section is a measuring file, a function here that makes its rows, and an entry in {@linkcode SECTIONS}.
 */
import { measureCertificates } from "./certificates.ts";
import { measureCredentials } from "./credentials.ts";
import { measureEchoes } from "./echo.ts";
import { measureHerd } from "./herd.ts";
import { measureInProcess } from "./in_process.ts";
import { measureMemory } from "./memory.ts";
import type { Row } from "./row.ts";
import { startUnlimited } from "./server.ts";
import { measureStarts } from "./start.ts";

/** What a section is told. */
export interface BenchContext {
  /** Path of the executable. */
  readonly executable: string;
  /** True to measure istiod beside signet. */
  readonly istiod: boolean;
  /** True for sizes as long as the targets say. */
  readonly full: boolean;
}

/** A part of the benchmark that can be run alone. */
export interface Section {
  /** What `--only` calls it. */
  readonly name: string;
  /** Measures. */
  readonly measure: (context: BenchContext) => Promise<readonly Row[]>;
}

/** All sections. */
export const SECTIONS: readonly Section[] = [
  { name: "in_process", measure: inProcessRows },
  { name: "certificates", measure: certificateRows },
  { name: "rsa", measure: rsaRows },
  { name: "credentials", measure: credentialRows },
  { name: "echo", measure: echoRows },
  { name: "start", measure: startRows },
  { name: "herd", measure: herdRows },
  { name: "memory", measure: memoryRows },
];

async function inProcessRows(): Promise<readonly Row[]> {
  const { floorUs, opensslUs, webcryptoUs } = await measureInProcess();
  const unit = "us";
  const baseline = floorUs === undefined
    ? undefined
    : { value: floorUs, what: "OpenSSL's sign + verify by FFI" };
  return [
    {
      id: "in_process.openssl",
      what: "CSR to certificate in process, OpenSSL, CPU",
      unit,
      signet: opensslUs,
      baseline,
      target: { of: "ratio", bound: 1.5 },
    },
    {
      id: "in_process.webcrypto",
      what: "CSR to certificate in process, Web Crypto, CPU",
      unit,
      signet: webcryptoUs,
      baseline,
    },
  ];
}

async function certificateRows({ executable, istiod }: BenchContext): Promise<readonly Row[]> {
  await using server = await startUnlimited(executable);
  const sizes = { rounds: 5, kept: 20_000, reconnects: 3_000 };
  const cost = await measureCertificates(server, { ...sizes, istiod });
  const baseline = (figure: "perSecond" | "keptUs" | "reconnectUs") =>
    cost.istiod && { value: cost.istiod[figure], what: "istiod" };
  return [
    {
      id: "grpc.per_second",
      what: "Certificates a second over gRPC, 4 kept connections",
      unit: "a second",
      signet: cost.signet.perSecond,
      baseline: baseline("perSecond"),
    },
    {
      id: "grpc.kept",
      what: "Server CPU a certificate, kept connections",
      unit: "us",
      signet: cost.signet.keptUs,
      baseline: baseline("keptUs"),
      target: { of: "ratio", bound: 0.5 },
    },
    {
      id: "grpc.reconnect",
      what: "Server CPU a certificate, a new TLS connection each",
      unit: "us",
      signet: cost.signet.reconnectUs,
      baseline: baseline("reconnectUs"),
      target: { of: "ratio", bound: 0.6 },
    },
  ];
}

async function rsaRows({ executable, istiod }: BenchContext): Promise<readonly Row[]> {
  await using server = await startUnlimited(executable, {
    args: ["--selfSignedRootKey", "RSA-2048"],
  });
  const sizes = { rounds: 3, kept: 5_000, reconnects: 500 };
  const { signet, istiod: other } = await measureCertificates(server, { ...sizes, istiod });
  return [{
    id: "grpc.kept.rsa",
    what: "Server CPU a certificate of an RSA-2048 CA, kept connections",
    unit: "us",
    signet: signet.keptUs,
    baseline: other && { value: other.keptUs, what: "istiod" },
  }];
}

async function credentialRows({ executable }: BenchContext): Promise<readonly Row[]> {
  const { together, alone } = await measureCredentials(executable, {
    rounds: 3,
    together: 3_000,
    alone: 500,
  });
  const baseline = (value: number) => ({ value, what: "by client certificate" });
  return [
    {
      id: "credential.join_token",
      what: "Server CPU a certificate by join token, 32 in flight, database on",
      unit: "us",
      signet: together.joinToken,
      baseline: baseline(together.certificate),
      target: { of: "difference", bound: 100 },
    },
    {
      id: "credential.join_token.alone",
      what: "Server CPU a certificate by join token, one at a time, database on",
      unit: "us",
      signet: alone.joinToken,
      baseline: baseline(alone.certificate),
      target: { of: "difference", bound: 100 },
    },
    {
      id: "credential.id_token",
      what: "Server CPU a certificate by ID token (RS256), 32 in flight",
      unit: "us",
      signet: together.idToken,
      baseline: baseline(together.certificate),
    },
  ];
}

async function echoRows(): Promise<readonly Row[]> {
  const { signet, node } = await measureEchoes({ rounds: 5, requests: 200_000 });
  return [{
    id: "http2.echo",
    what: "Unary echoes a second over TLS, our HTTP/2",
    unit: "a second",
    signet,
    baseline: { value: node, what: "node:http2" },
    target: { of: "ratio", bound: 4, atLeast: true },
  }];
}

async function herdRows({ executable, full }: BenchContext): Promise<readonly Row[]> {
  const clients = full ? 10_000 : 1_000;
  const { seconds, p99ms } = await measureHerd(executable, clients);
  const herd = `${clients.toLocaleString("en-US")} new clients within one second`;
  return [
    {
      id: `herd.last.${clients}`,
      what: `${herd}: the last certificate`,
      unit: "ms",
      signet: seconds * 1000,
    },
    { id: `herd.p99.${clients}`, what: `${herd}: p99`, unit: "ms", signet: p99ms },
  ];
}

const STARTS = 20;

async function startRows({ executable }: BenchContext): Promise<readonly Row[]> {
  const { sourceMs, executableMs, emptyMs } = await measureStarts(executable, STARTS);
  const baseline = { value: emptyMs, what: "an empty executable" };
  return [
    {
      id: "start.executable",
      what: "Start to ready, executable",
      unit: "ms",
      signet: executableMs,
      baseline,
      target: { of: "difference", bound: 200 },
    },
    { id: "start.source", what: "Start to ready, source", unit: "ms", signet: sourceMs, baseline },
  ];
}

async function memoryRows({ executable, full }: BenchContext): Promise<readonly Row[]> {
  const counts = full
    ? { certificates: 1_000_000, connections: 100_000 }
    : { certificates: 100_000, connections: 10_000 };
  const { idleMb, afterCertificatesMb, growth } = await measureMemory(executable, counts);
  const count = (value: number) => value.toLocaleString("en-US");
  return [
    { id: "memory.idle", what: "Resident memory, idle", unit: "MB", signet: idleMb },
    {
      id: `memory.certificates.${counts.certificates}`,
      what: `Resident memory after ${count(counts.certificates)} certificates on 4 connections`,
      unit: "MB",
      signet: afterCertificatesMb,
      target: { of: "value", bound: 130 },
    },
    {
      id: `memory.connections.${counts.connections}`,
      what: `Growth over the last four tenths of ${count(counts.connections)} new connections`,
      unit: "%",
      signet: (growth - 1) * 100,
      target: { of: "value", bound: 5 },
    },
  ];
}
