/**
 * `/debug`: what a server is doing, for somebody on its machine. istiod's paths where signet has the thing, an honest 404 elsewhere.
 *
 * Only a process of this machine that means this server is answered: the peer is a loopback address, no proxy forwarded the request, and
 * the Host header names the loopback too, so that no page of a browser reaches it through a name that was bound again (DNS rebinding).
 */
import { quote } from "../base/mod.ts";

/** What is asked. */
export interface DebugRequest {
  /** HTTP method. */
  readonly method: string;
  /** Path and query. */
  readonly url: URL;
  /** Header fields. */
  readonly headers: Headers;
  /** Address of the peer, without its port. */
  readonly peer: string;
}

/** What is answered. */
export interface DebugAnswer {
  /** HTTP status. */
  readonly status: number;
  /** Media type. */
  readonly contentType: string;
  /** Body. */
  readonly body: string;
}

/** One page below `/debug/`. */
export interface DebugEndpoint {
  /** Its name in the path. */
  readonly name: string;
  /** One sentence for the index. */
  readonly help: string;
  /** Its value, written as JSON. */
  read(query: URLSearchParams): unknown;
  /** What is wrong with the query of a read; without it any query does. */
  check?(query: URLSearchParams): string | undefined;
  /** Changes something by `PUT` with a query; a text says what was wrong with it. */
  write?(query: URLSearchParams): string | undefined;
}

/** Header fields that a proxy adds, or a browser for a page of another origin. */
const FOREIGN_HEADERS = ["forwarded", "x-forwarded-for", "x-forwarded-host", "via", "origin"];
const HOST_REGEXP = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;
const CSP = "default-src 'none'";

/** Header fields of every answer below `/debug`. */
export const DEBUG_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": CSP,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** True for an address of this machine alone, IPv4-mapped ones too. */
export function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}

/** Answers a request whose path is `/debug` or below; `endpoints` is asked anew each time, as parts of the server come up. */
export function answerDebug(
  request: DebugRequest,
  endpoints: readonly DebugEndpoint[],
): DebugAnswer {
  const foreign = foreignness(request);
  if (foreign !== undefined) return text(403, `Debug pages are for this machine: ${foreign}`);
  const name = request.url.pathname.replace(/^\/debug\/?/, "").replace(/\/$/, "");
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (name === "") return isRead ? index(endpoints) : text(405, "Read this page with GET");
  if (name === "list") return isRead ? json(listOf(endpoints)) : text(405, "Read this with GET");
  const endpoint = endpoints.find((each) => each.name === name);
  if (endpoint === undefined) {
    return text(
      404,
      `No such page in this version: ${quote(name)}; /debug/list names those that are`,
    );
  }
  const query = request.url.searchParams;
  if (isRead) {
    const unfit = endpoint.check?.(query);
    return unfit === undefined ? json(endpoint.read(query)) : text(400, unfit);
  }
  if (request.method !== "PUT" || endpoint.write === undefined) {
    return text(405, endpoint.write ? "Read with GET, change with PUT" : "Read this with GET");
  }
  const wrong = endpoint.write(query);
  return wrong === undefined ? json(endpoint.read(query)) : text(400, wrong);
}

/** Why the request does not come from somebody on this machine who means this server. */
function foreignness({ peer, headers }: DebugRequest): string | undefined {
  if (!isLoopback(peer)) return "the request comes from another one";
  if (!HOST_REGEXP.test(headers.get("host") ?? "")) return "ask for localhost or 127.0.0.1";
  const field = FOREIGN_HEADERS.find((name) => headers.has(name));
  if (field !== undefined) return `the request has the header ${field}`;
  const site = headers.get("sec-fetch-site") ?? "none";
  return site === "none" || site === "same-origin" ? undefined : "a page of another site asks";
}

function listOf(endpoints: readonly DebugEndpoint[]): unknown {
  return endpoints.map(({ name, help, write }) => ({
    href: `/debug/${name}`,
    name: `debug/${name}`,
    help,
    methods: write === undefined ? ["GET"] : ["GET", "PUT"],
  }));
}

/** The index; names and help texts are signet's own, so nothing is escaped. */
function index(endpoints: readonly DebugEndpoint[]): DebugAnswer {
  const rows = endpoints.map(({ name, help }) =>
    `<tr><td><a href="/debug/${name}">${name}</a></td><td>${help}</td></tr>`
  );
  const body = [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>signet</title></head><body>',
    `<h1>signet</h1><table>${rows.join("")}</table>`,
    '<p><a href="/debug/list">The same as JSON</a></p></body></html>\n',
  ].join("\n");
  return { status: 200, contentType: "text/html; charset=utf-8", body };
}

function json(value: unknown): DebugAnswer {
  const body = `${JSON.stringify(value, undefined, 2)}\n`;
  return { status: 200, contentType: "application/json", body };
}

function text(status: number, message: string): DebugAnswer {
  return { status, contentType: "text/plain; charset=utf-8", body: `${message}\n` };
}
