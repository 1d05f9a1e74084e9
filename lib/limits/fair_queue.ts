/**
 * A bounded queue of work that is fair in two steps: between groups (identities), and within a group between members (connections).
 *
 * Whoever waits is served in turns, so that one that asks a thousand times delays another by one place and not by a thousand. A newcomer is
 * taken while its group, and itself, wait for less than is still free (the dynamic threshold of Choudhury and Hahne): however much one
 * floods, it fills at most half of the queue, and there is room for others.
 *
 * Work that computes in process never gives the event loop a turn by itself. So after some grants the queue waits for the next turn, in which
 * the sockets of other clients are read.
 */

import { Line } from "./line.ts";

/** Bounds of a queue, and the turn of the event loop. */
export interface FairQueueOptions {
  /** Entries that wait. */
  readonly maxWaiting: number;
  /** Bytes of all entries that wait. */
  readonly maxWaitingBytes: number;
  /** Entries that were granted and have not left. */
  readonly maxRunning: number;
  /** Grants between two turns of the event loop. */
  readonly maxGrantsPerTurn: number;
  /** Calls `fn` in the next turn of the event loop. */
  readonly onNextTurn: (fn: () => void) => void;
}

/** Who wants to enter, with how much. */
export interface Place {
  /** The identity, or whatever else a share belongs to. */
  readonly group: string;
  /** The connection. */
  readonly member: string;
  /** What the entry holds in memory while it waits. */
  readonly bytes: number;
}

/** A queue before scarce work. */
export interface FairQueue {
  /** Entries that wait. */
  readonly waiting: number;
  /**
   * Asks for a turn: `"granted"` at once, `"full"`, or a promise that resolves when the turn has come.
   * Whoever was granted one calls {@linkcode FairQueue.leave} once.
   */
  enter(place: Place): "granted" | "full" | Promise<void>;
  /** Gives the turn back. */
  leave(): void;
}

interface Entry {
  readonly bytes: number;
  readonly grant: () => void;
}

/** What waits of one connection. */
interface Member {
  readonly key: string;
  readonly entries: Line<Entry>;
}

/** What waits of one identity: its connections in the order of their turns, and the same by name. */
interface Group {
  readonly key: string;
  readonly turns: Line<Member>;
  readonly members: Map<string, Member>;
  waiting: number;
}

/** Makes an empty queue. */
export function createFairQueue(options: FairQueueOptions): FairQueue {
  return new LiveFairQueue(options);
}

class LiveFairQueue implements FairQueue {
  readonly #options: FairQueueOptions;
  /** Those that wait for something, in the order of their turns, and the same by name. */
  readonly #turns = new Line<Group>();
  readonly #groups = new Map<string, Group>();
  #waiting = 0;
  #waitingBytes = 0;
  #running = 0;
  #grants = 0;
  #turnIsDue = false;

  constructor(options: FairQueueOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting;
  }

  enter(place: Place): "granted" | "full" | Promise<void> {
    if (this.#waiting === 0 && this.#mayGrant()) {
      this.#countGrant();
      return "granted";
    }
    if (!this.#hasRoom(place)) return "full";
    return new Promise((resolve) => this.#add(place, resolve));
  }

  leave(): void {
    this.#running--;
    this.#pump();
  }

  /** The dynamic threshold twice: of the queue for the group, of what the group may have for the member. */
  #hasRoom(place: Place): boolean {
    const { maxWaiting, maxWaitingBytes } = this.#options;
    const group = this.#groups.get(place.group);
    const free = maxWaiting - this.#waiting;
    const ofMember = group?.members.get(place.member)?.entries.length ?? 0;
    return ofMember < free - (group?.waiting ?? 0) &&
      this.#waitingBytes + place.bytes <= maxWaitingBytes;
  }

  #add(place: Place, grant: () => void): void {
    let group = this.#groups.get(place.group);
    if (group === undefined) {
      group = { key: place.group, turns: new Line(), members: new Map(), waiting: 0 };
      this.#groups.set(group.key, group);
      this.#turns.push(group);
    }
    let member = group.members.get(place.member);
    if (member === undefined) {
      member = { key: place.member, entries: new Line() };
      group.members.set(member.key, member);
      group.turns.push(member);
    }
    member.entries.push({ bytes: place.bytes, grant });
    group.waiting++;
    this.#waiting++;
    this.#waitingBytes += place.bytes;
  }

  #mayGrant(): boolean {
    return this.#running < this.#options.maxRunning &&
      this.#grants < this.#options.maxGrantsPerTurn;
  }

  #countGrant(): void {
    this.#running++;
    if (++this.#grants < this.#options.maxGrantsPerTurn || this.#turnIsDue) return;
    this.#turnIsDue = true;
    this.#options.onNextTurn(() => {
      this.#turnIsDue = false;
      this.#grants = 0;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#waiting > 0 && this.#mayGrant()) this.#grantNext();
  }

  /** The first group's first member; both go to the end of their lines when they wait for more. */
  #grantNext(): void {
    const group = this.#turns.shift()!;
    const member = group.turns.shift()!;
    const { bytes, grant } = member.entries.shift()!;
    group.waiting--;
    this.#waiting--;
    this.#waitingBytes -= bytes;
    if (member.entries.length > 0) group.turns.push(member);
    else group.members.delete(member.key);
    if (group.waiting > 0) this.#turns.push(group);
    else this.#groups.delete(group.key);
    this.#countGrant();
    grant();
  }
}
