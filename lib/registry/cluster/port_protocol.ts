/**
 * The protocol of a Service's port, by Istio's rules: `appProtocol`, else the name up to its first hyphen (`http-web`); a port of which
 * neither says anything is found out by looking, unless its number is one where the server speaks first.
 */
import { isProtocol } from "../../istio/mod.ts";

/** Names of `appProtocol` that Kubernetes gives (KEP-3726). */
const STANDARD: ReadonlyMap<string, string> = new Map([
  ["kubernetes.io/h2c", "HTTP2"],
  ["kubernetes.io/ws", "HTTP"],
  ["kubernetes.io/wss", "HTTPS"],
]);
/** SMTP, DNS, MySQL and MongoDB: looking would wait for a client that waits. */
const SERVER_FIRST = [25, 53, 3306, 27017];
const GRPC_WEB = "GRPC-WEB";

/** The protocol, upper case; empty for one that is found out by looking. */
export function portProtocol(
  port: {
    /** Its number. */
    readonly number: number;
    /** Its name; empty for none. */
    readonly name: string;
    /** `TCP`, `UDP` or `SCTP`. */
    readonly transport: string;
    /** `appProtocol`; empty for none. */
    readonly appProtocol: string;
  },
): string {
  if (port.transport === "UDP") return "UDP";
  const standard = STANDARD.get(port.appProtocol);
  if (standard !== undefined) return standard;
  const name = (port.appProtocol || port.name).toUpperCase();
  if (name.startsWith(GRPC_WEB)) return GRPC_WEB;
  const [first = ""] = name.split("-");
  if (isProtocol(first)) return first;
  return SERVER_FIRST.includes(port.number) ? "TCP" : "";
}
