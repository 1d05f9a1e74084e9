/** Waiting for what a running server will do. No test asserts on how long it takes. */
import type { SignetServer } from "./server.ts";

const GIVE_UP_MS = 30_000;
const POLL_MS = 50;

/** Resolves with the first result that is not undefined; a failure after half a minute, or `giveUpMs`, says what was waited for. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined>,
  { giveUpMs = GIVE_UP_MS }: { readonly giveUpMs?: number } = {},
): Promise<T> {
  const from = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() - from > giveUpMs) {
      throw new TypeError(`Cannot go on: waited ${giveUpMs} ms in vain until ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Waits until the server has printed a line that fits. */
export async function untilLogged(server: SignetServer, pattern: RegExp): Promise<string> {
  return await until(`${pattern} is logged`, () => {
    const lines = `${server.stdout()}\n${server.stderr()}`.split("\n");
    return Promise.resolve(lines.find((line) => pattern.test(line)));
  });
}

/** The value of one series without labels; undefined when there is none. */
export async function metric(server: SignetServer, name: string): Promise<number | undefined> {
  const response = await fetch(`http://${server.addr("http")}/metrics`);
  const line = (await response.text()).split("\n").find((line) => line.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}
