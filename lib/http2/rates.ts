/** Counting frames that cost us more than the peer, by second. */
import { connectionError } from "./frame_reader.ts";
import { HTTP2_ERROR } from "./frames.ts";
import type { Http2Limits } from "./limits.ts";

/** Kinds of frames whose rate is bounded. */
export type RateKind = "resets" | "settings" | "pings" | "idleFrames" | "windowUpdates";

const LIMIT_OF = {
  resets: "maxResetsPerSecond",
  settings: "maxSettingsPerSecond",
  pings: "maxPingsPerSecond",
  idleFrames: "maxIdleFramesPerSecond",
  windowUpdates: "maxWindowUpdatesPerSecond",
} as const satisfies Record<RateKind, keyof Http2Limits>;

/** Counts of the running second. */
export class Rates {
  readonly #limits: Http2Limits;
  readonly #counts: Record<RateKind, number> = {
    resets: 0,
    settings: 0,
    pings: 0,
    idleFrames: 0,
    windowUpdates: 0,
  };
  #second = -1;

  /** Starts with nothing counted. */
  constructor(limits: Http2Limits) {
    this.#limits = limits;
  }

  /** Tells the time, in milliseconds of any origin. */
  tick(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second === this.#second) return;
    this.#second = second;
    for (const kind in this.#counts) this.#counts[kind as RateKind] = 0;
  }

  /** Counts one frame. @throws {SignetError} ENHANCE_YOUR_CALM above the limit. */
  count(kind: RateKind): void {
    if (++this.#counts[kind] <= this.#limits[LIMIT_OF[kind]]) return;
    throw connectionError(
      HTTP2_ERROR.ENHANCE_YOUR_CALM,
      `more than ${this.#limits[LIMIT_OF[kind]]} ${kind} in a second`,
    );
  }
}
