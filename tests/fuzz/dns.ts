/**
 * Malformed DNS over TLS for as long as one likes: messages, frames and handshakes that are wrong, and an upstream server whose replies
 * are. On each connection, after whatever was sent, a good query is answered or the connection is closed; every answer can be read; the
 * server neither fails nor grows.
 */
import { connect as connectTcp } from "node:net";
import { concatBytes } from "signet/base/mod.ts";
import { message, question, wireName } from "../support/dns_messages.ts";
import { connectDot, type DotClient, framed } from "../support/dot_client.ts";
import { usageOf } from "../support/process.ts";
import { type SignetServer, startSignet } from "../support/server.ts";
import { type LogWatch, watchLog } from "../soak/log_watch.ts";
import { growthOfLastThird } from "../soak/memory.ts";
import { faultOfAnswer } from "./answers.ts";
import { bend, bentMessage } from "./mutations.ts";
import { createRandom, type Random } from "./random.ts";
import { startBentUpstream } from "./upstream.ts";

const MESH = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: db, namespace: shop }
spec:
  hosts: [db.example, "*.wild.example"]
  addresses: [10.0.0.7]
  ports: [{ number: 80, name: http }]
`;
/** Connections at once. */
const CONNECTIONS = 8;
/** Times that one connection is sent something, when it is not closed before. */
const ROUNDS = 30;
const MAX_MESSAGES = 20;
/** What a run that is long enough to tell may grow by in its last third. */
const MAX_GROWTH = 1.1;
const MIN_SECONDS_FOR_GROWTH = 60;
const SAMPLE_MS = 1_000;
const MAX_FAULTS = 20;
/** A ClientHello's record as far as its length, to be followed by octets that are none. */
const HELLO = Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3);

/** What a run found. */
export interface FuzzReport {
  /** What was done, a line each. */
  readonly lines: readonly string[];
  /** What should not have been; empty when all is well. */
  readonly faults: readonly string[];
}

/** Runs for so many seconds; the same seed sends the same octets, though servers answer in an order of their own. */
export async function fuzzDns(seconds: number, seed: number): Promise<FuzzReport> {
  const cwd = await Deno.makeTempDir({ prefix: "signet-fuzz-" });
  try {
    await Deno.mkdir(`${cwd}/config`);
    await Deno.writeTextFile(`${cwd}/config/mesh.yaml`, MESH);
    const log = watchLog();
    await using upstream = await startBentUpstream(createRandom(seed));
    await using server = await startSignet({
      cwd,
      args: [
        ...["--configDir", "config", "--dnsUpstream", `udp://127.0.0.1:${upstream.port}`],
        ...["--dnsUpstreamTimeout", "500ms", "--dnsFrameTimeout", "1s", "--dnsIdleTimeout", "2s"],
        ...["--dnsHandshakeTimeout", "2s", "--log_as_json", "--log_output_level", "default:warn"],
      ],
      onOutput: log.take,
    });
    const ca = await Deno.readTextFile(server.rootFile);
    return await new Run(server, { ca, log }).end({ seconds, seed });
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

class Run {
  readonly #server: SignetServer;
  readonly #ca: string;
  readonly #log: LogWatch;
  readonly #faults: string[] = [];
  readonly #counts = { connections: 0, messages: 0, answers: 0, closed: 0, handshakes: 0 };
  readonly #resident: number[] = [];

  constructor(
    server: SignetServer,
    { ca, log }: { readonly ca: string; readonly log: LogWatch },
  ) {
    this.#server = server;
    this.#ca = ca;
    this.#log = log;
  }

  async end({ seconds, seed }: { readonly seconds: number; readonly seed: number }) {
    const untilMs = performance.now() + seconds * 1000;
    const isOver = () => performance.now() >= untilMs || this.#faults.length >= MAX_FAULTS;
    const clients = Array.from({ length: CONNECTIONS }, async (_, i) => {
      const random = createRandom(seed + 1 + i);
      while (!isOver()) await this.#connection(random, isOver);
    });
    const handshakes = (async () => {
      const random = createRandom(seed + 1 + CONNECTIONS);
      while (!isOver()) await this.#handshake(random);
    })();
    await Promise.all([...clients, handshakes, this.#sample(isOver)]);
    await this.#judge(seconds);
    const { connections, messages, answers, closed, handshakes: bad } = this.#counts;
    return {
      lines: [
        `seed ${seed}: ${messages} messages on ${connections} connections, ${answers} answers, ${closed} connections closed by the server`,
        `${bad} handshakes that are none`,
        `resident MB: ${this.#resident.at(0)! / 1e6 | 0} at first, ${
          this.#resident.at(-1)! / 1e6 | 0
        } at the end`,
      ],
      faults: this.#faults,
    };
  }

  #fault(what: string): void {
    if (this.#faults.length < MAX_FAULTS) this.#faults.push(what);
  }

  /** One connection, until the server closes it or enough was sent. */
  async #connection(random: Random, isOver: () => boolean): Promise<void> {
    this.#counts.connections++;
    let client: DotClient;
    try {
      client = await connectDot({ addr: this.#server.addr("dns"), ca: this.#ca });
    } catch (thrown) {
      return this.#fault(`no connection: ${thrown}`);
    }
    try {
      for (let round = 0; round < ROUNDS && !isOver(); round++) {
        const sent = this.#send(client, random);
        if (!await this.#isAnswered(client, random, sent)) return;
      }
    } finally {
      if (random.once(2)) client.end();
      await client[Symbol.asyncDispose]();
    }
  }

  /** Sends some messages, cut anywhere, with wrong lengths now and then; gives them for the report. */
  #send(client: DotClient, random: Random): Uint8Array {
    const frames = Array.from({ length: 1 + random.below(MAX_MESSAGES) }, () => {
      this.#counts.messages++;
      return framed(harmless(bentMessage(random), random));
    });
    let octets: Uint8Array = concatBytes(frames);
    if (random.once(20)) octets = bend(octets, random, 1);
    for (let at = 0; at < octets.length;) {
      const end = random.once(2) ? octets.length : at + 1 + random.below(octets.length - at);
      client.write(octets.slice(at, end));
      at = end;
    }
    return octets;
  }

  /** A good query is answered behind whatever was sent; false when the server has closed the connection instead, as it may. */
  async #isAnswered(client: DotClient, random: Random, sent: Uint8Array): Promise<boolean> {
    const id = random.below(0x10000);
    client.send(message({ id }, question(wireName("db", "example"))));
    const tell = (what: string) => this.#fault(`${what}, after ${sent.toHex().slice(0, 4_000)}`);
    try {
      for (;;) {
        const answer = await client.next();
        if (answer === undefined) {
          this.#counts.closed++;
          return false;
        }
        this.#counts.answers++;
        const fault = faultOfAnswer(answer);
        if (fault !== undefined) tell(`An answer that is none (${fault}): ${answer.toHex()}`);
        if (isAnswerTo(answer, id)) return true;
      }
    } catch (thrown) {
      tell(`${thrown}`);
      return false;
    }
  }

  /** What is no handshake, and a close at any moment. */
  async #handshake(random: Random): Promise<void> {
    this.#counts.handshakes++;
    const socket = connectTcp({ host: "127.0.0.1", port: this.#server.ports.dns });
    const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => socket.destroy());
    socket.resume();
    const begin = random.once(2) ? HELLO : new Uint8Array(0);
    socket.write(concatBytes([begin, random.octets(1 + random.below(2_000))]));
    const timer = setTimeout(() => socket.destroy(), random.below(50));
    await gone;
    clearTimeout(timer);
  }

  async #sample(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      this.#resident.push((await usageOf(this.#server.pid)).residentBytes);
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  }

  async #judge(seconds: number): Promise<void> {
    const text = await (await fetch(`http://${this.#server.addr("http")}/metrics`)).text();
    if (/connections_closed_total\{reason="failed"\}/.test(text)) {
      this.#fault("A connection failed");
    }
    for (const [event, line] of this.#log.examples()) {
      if (event.startsWith("error")) this.#fault(`Logged: ${line}`);
    }
    if (seconds < MIN_SECONDS_FOR_GROWTH) return;
    const growth = growthOfLastThird(this.#resident);
    if (growth > MAX_GROWTH) this.#fault(`Memory grew to ${growth} of what it was`);
  }
}

/** What ends a connection as it should, no ID or a fourth response, ends it seldom, so that the next messages are looked at too. */
function harmless(bytes: Uint8Array, random: Random): Uint8Array {
  if (random.once(50)) return bytes;
  if (bytes.length < 12) return concatBytes([bytes, new Uint8Array(12)]);
  return bytes.with(2, bytes[2]! & 0x7f);
}

/** The one address of `db.example`, for a question without EDNS. */
function isAnswerTo(answer: Uint8Array, id: number): boolean {
  return answer.length === 44 && (answer[0]! << 8 | answer[1]!) === id &&
    answer[7] === 1 && answer[43] === 7;
}
