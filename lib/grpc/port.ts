/** The gRPC ports as the rest of signet sees them. */
import type { XdsServer } from "../xds/mod.ts";
import type { CreateCertificate } from "./services/ca.ts";

/** Addresses that are listened on, `host:port`; `undefined` for a port that is turned off. */
export interface GrpcAddresses {
  /** TLS: CA, xDS, health, reflection. */
  readonly secure: string | undefined;
  /** Plaintext: xDS, health and reflection. */
  readonly plain: string | undefined;
}

/** An open connection, for people. */
export interface GrpcConnection {
  /** The port's flag. */
  readonly port: "secureGRPCAddr" | "grpcAddr";
  /** `host:port` of the client. */
  readonly remoteAddress: string;
  /** What its certificate names; empty without one. */
  readonly identities: readonly string[];
  /** Milliseconds since it was accepted. */
  readonly ageMs: number;
  /** Calls under way. */
  readonly openStreams: number;
}

/** What is served beside health and reflection. */
export interface GrpcServices {
  /** The CA, on the secure port alone; undefined when there is none. */
  readonly createCertificate: CreateCertificate | undefined;
  /** Discovery, on both ports. */
  readonly xds: XdsServer;
}

/** Bound gRPC ports. Calls wait until {@linkcode GrpcServer.serve}. */
export interface GrpcServer extends AsyncDisposable {
  /** Where it listens. */
  readonly addresses: GrpcAddresses;
  /** Open connections, at most a thousand of each port. */
  connections(): readonly GrpcConnection[];
  /** Registers the services and starts to serve calls. */
  serve(services: GrpcServices): void;
  /** Stops accepting, tells clients to go away, finishes what is in flight within `deadlineMs`, then closes. */
  drain(deadlineMs: number): Promise<void>;
}

/** Settings of the gRPC ports. */
export interface GrpcConfig {
  /** Address of the TLS port; `undefined` turns it off. */
  readonly secureAddr: { readonly hostname: string; readonly port: number } | undefined;
  /** Address of the plaintext port; `undefined` turns it off. */
  readonly plainAddr: { readonly hostname: string; readonly port: number } | undefined;
  /** Lowest TLS version. */
  readonly tlsMinVersion: "TLSv1.2" | "TLSv1.3";
  /** Largest message, in bytes. */
  readonly maxMessageBytes: number;
  /** Streams that one connection may have open. */
  readonly maxConcurrentStreams: number;
  /** Connections of one IPv4 address or IPv6 /64 to each port. */
  readonly maxConnectionsPerAddress: number;
  /** Pings to idle clients. */
  readonly keepalive: {
    /** Idle time before a ping, in milliseconds. */
    readonly intervalMs: number;
    /** Time for its answer, in milliseconds. */
    readonly timeoutMs: number;
    /** Age at which a connection is asked to go away, in milliseconds; `undefined` for never. */
    readonly maxConnectionAgeMs: number | undefined;
  };
}
