/**
 * The newest configuration of the mesh: the registry's changes, merged by the rule of `debounce.ts`, become one snapshot, and whoever
 * listens is told. Nothing is built before somebody asks for it.
 */
import type { Clock, Timer } from "../base/mod.ts";
import { buildSnapshot, type MeshSettings } from "../mesh/mod.ts";
import type { ServiceRegistry } from "../registry/mod.ts";
import { type DebounceTimes, type Waiting, waitMs, withChange } from "./debounce.ts";
import type { Pushed } from "./session.ts";

/** The mesh as it is to be pushed. */
export interface PushedMesh extends Disposable {
  /** The newest. */
  readonly current: Pushed;
}

/** What {@linkcode watchMesh} needs. */
export interface WatchOptions extends DebounceTimes {
  /** The services. */
  readonly registry: ServiceRegistry;
  /** What holds for the whole mesh, now. */
  readonly settings: () => MeshSettings;
  /** Time. */
  readonly clock: Clock;
  /** Called with each new one that differs. */
  readonly onPush: (pushed: Pushed, waitedMs: number) => void;
}

/** Time between two looks at the settings, which nobody tells of, in milliseconds. */
const LOOK_AT_SETTINGS_MS = 1_000;

/** Follows the registry until disposed. */
export function watchMesh(options: WatchOptions): PushedMesh {
  const { registry, settings, clock, onPush } = options;
  let counter = 0;
  let waiting: Waiting | undefined;
  let timer: Timer | undefined;
  const build = (previous: Pushed | undefined): Pushed => {
    const snapshot = buildSnapshot(registry.current, {
      settings: settings(),
      previous: previous?.snapshot,
    });
    if (snapshot === previous?.snapshot) return previous;
    return { snapshot, version: `${rfc3339(clock.nowMs())}/${++counter}` };
  };
  let current = build(undefined);
  const publish = () => {
    const firstMs = waiting!.firstMs;
    waiting = undefined;
    timer = undefined;
    const next = build(current);
    if (next === current) return;
    current = next;
    onPush(next, clock.monotonicMs() - firstMs);
  };
  const change = () => {
    const nowMs = clock.monotonicMs();
    waiting = withChange(waiting, nowMs);
    timer?.cancel();
    timer = clock.setTimer(waitMs(waiting, nowMs, options), publish);
  };
  const following = registry.onChange(change);
  let look: Timer;
  const lookAtSettings = () => {
    if (settings().trustDomain !== current.snapshot.settings.trustDomain) change();
    look = clock.setTimer(LOOK_AT_SETTINGS_MS, lookAtSettings);
  };
  look = clock.setTimer(LOOK_AT_SETTINGS_MS, lookAtSettings);
  return {
    get current() {
      return current;
    },
    [Symbol.dispose]() {
      following[Symbol.dispose]();
      timer?.cancel();
      look.cancel();
    },
  };
}

/** A moment to the second. */
function rfc3339(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/\.\d{3}Z$/, "Z");
}
