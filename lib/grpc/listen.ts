/**
 * The gRPC listeners: TLS with optional, verified client certificates, and plaintext without the CA.
 * Calls that arrive before the CA service is registered wait for it.
 */
import type { Credentials } from "../authn/mod.ts";
import type { Clock } from "../base/mod.ts";
import type { CryptoProvider } from "../crypto/mod.ts";
import { chainKey } from "../crypto/mod.ts";
import type { ServerCert } from "../server_cert/mod.ts";
import { EVENT, type Logger, type Metrics } from "../telemetry/mod.ts";
import { type ClientCertificate, createPeerVerifier, secureContext, serverTlsOptions } from "../tls/mod.ts";
import { type Http2Listener, listenHttp2, type ServerStream } from "../transport/mod.ts";
import { refuseRequest, runHandler } from "./adapter.ts";
import { createFastPath, type FastPath } from "./fast_path.ts";
import { type CallObserver, createCallObserver, observeCalls } from "./interceptors.ts";
import type { GrpcConfig, GrpcServer } from "./port.ts";
import { createRouter, type Router } from "./router.ts";
import type { CreateCertificate } from "./services/ca.ts";

const CREATE_CERTIFICATE_PATH = "/istio.v1.auth.IstioCertificateService/CreateCertificate";
