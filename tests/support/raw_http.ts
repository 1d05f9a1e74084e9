/** One HTTP/1.1 request over a bare connection: the host is said as it is to be, whatever address is connected to. */

/** What came back. */
export interface RawResponse {
  /** The status. */
  readonly status: number;
  /** The whole response as text. */
  readonly text: string;
}

/** Asks for `/` of `host` at a loopback port. @throws what the connection fails with. */
export async function rawGet(
  port: number,
  host: string,
  { hostname = "127.0.0.1" }: { readonly hostname?: string } = {},
): Promise<RawResponse> {
  const text = await rawTalk(
    port,
    `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    hostname,
  );
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0), text };
}

/** Longer than any answer takes: what still hangs then is a failure that says so. */
const GIVE_UP_MS = 20_000;

/** Sends a text and gives all that comes until the other side ends. @throws what the connection fails with, also by this silence. */
export async function rawTalk(
  port: number,
  text: string,
  hostname = "127.0.0.1",
): Promise<string> {
  using connection = await Deno.connect({ hostname, port });
  const timer = setTimeout(() => connection.close(), GIVE_UP_MS);
  using _timer = { [Symbol.dispose]: () => clearTimeout(timer) };
  await connection.write(new TextEncoder().encode(text));
  const decoder = new TextDecoder();
  let all = "";
  for (const chunk = new Uint8Array(16_384);;) {
    const count = await connection.read(chunk);
    if (count === null) return all;
    all += decoder.decode(chunk.subarray(0, count), { stream: true });
  }
}
