/** `grpc.health.v1.Health`: Check, List and Watch over a table of serving states. */
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import {
  type Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../proto/gen/grpc/health/v1/health_pb.ts";

/** Whether services are serving; the empty name is the server as a whole. */
export interface HealthTable {
  /** Sets the state of a service and tells its watchers. */
  set(service: string, serving: boolean): void;
  /** The RPC implementation. */
  readonly implementation: ServiceImpl<typeof Health>;
}

/** Makes a table in which the server as a whole and each of `services` serve. */
export function createHealthTable(services: readonly string[]): HealthTable {
  const states = new Map<string, Status>(["", ...services].map((name) => [name, Status.SERVING]));
  const watchers = new Set<() => void>();
  return {
    set(service, serving) {
      states.set(service, serving ? Status.SERVING : Status.NOT_SERVING);
      for (const wake of [...watchers]) wake();
    },
    implementation: {
      check({ service }) {
        const status = states.get(service);
        if (status === undefined) throw new ConnectError("unknown service", Code.NotFound);
        return { status };
      },
      list() {
        return {
          statuses: Object.fromEntries([...states].map(([name, status]) => [name, { status }])),
        };
      },
      async *watch({ service }, { signal }) {
        let sent: Status | undefined;
        while (!signal.aborted) {
          const status = states.get(service) ?? Status.SERVICE_UNKNOWN;
          if (status !== sent) yield { status: sent = status };
          else await change(watchers, signal);
        }
      },
    },
  };
}

/** Resolves at the next change of the table or when the call ends; leaves nothing behind. */
function change(watchers: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      watchers.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    watchers.add(wake);
    signal.addEventListener("abort", wake, { once: true });
  });
}
