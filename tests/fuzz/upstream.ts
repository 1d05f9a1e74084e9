/** Replies of an upstream server that is broken or means harm. */
import { concatBytes } from "signet/base/mod.ts";
import { record, u16, wireName } from "../support/dns_messages.ts";
import { type OddResolver, startOddResolver } from "../support/odd_resolver.ts";
import { bend } from "./mutations.ts";
import type { Random } from "./random.ts";

const HEADER_BYTES = 12;
const QUESTION_NAME = u16(0xc00c);

/** Starts it. */
export function startBentUpstream(random: Random): Promise<OddResolver> {
  return startOddResolver(({ message, send, hangUp }) => {
    if (random.once(20)) return hangUp();
    if (random.once(10)) return;
    const times = random.once(10) ? 5 : 1;
    for (let i = 0; i < times; i++) send(bend(reply(message, random), random, random.below(3)));
  }, { remembers: false });
}

/** A good reply to a query, with records of all kinds. */
function reply(query: Uint8Array, random: Random): Uint8Array {
  const asked = query.subarray(HEADER_BYTES, endOfQuestion(query));
  const flags = 0x8180 | (random.once(6) ? random.below(16) : 0) | (random.once(8) ? 0x0200 : 0);
  const records = Array.from({ length: random.below(4) }, () => answerRecord(random));
  const head = query.slice(0, HEADER_BYTES);
  head.set(u16(flags, 1, records.length, 0, 0), 2);
  return concatBytes([head, asked, ...records]);
}

function answerRecord(random: Random): Uint8Array {
  const owner = random.once(4) ? wireName("other", "test-zone") : QUESTION_NAME;
  switch (random.below(5)) {
    case 0:
      return record(owner, 5, random.once(2) ? QUESTION_NAME : wireName("alias", "test-zone"));
    case 1:
      return record(owner, 16, random.octets(random.once(10) ? 30_000 : random.below(256)));
    case 2:
      return record(owner, 6, concatBytes([wireName("a"), wireName("b"), new Uint8Array(20)]));
    case 3:
      return record(owner, 28, random.octets(16));
    default:
      return record(owner, 1, random.octets(4));
  }
}

/** Offset behind the question of a query of signet's, whose names are written out. */
function endOfQuestion(query: Uint8Array): number {
  let at = HEADER_BYTES;
  while (at < query.length && query[at]! > 0) at += 1 + query[at]!;
  return Math.min(query.length, at + 5);
}
