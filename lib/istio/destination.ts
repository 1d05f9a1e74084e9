/** Where a route leads (`Destination`): a host of the registry, a subset of it, a port of it. */
import { portFault, subsetNameFault, wildcardDomainFault } from "./names.ts";
import { object } from "./schema/collection.ts";
import { below, type Cursor, fault, type ValueOf } from "./schema/port.ts";
import { text, uint32 } from "./schema/scalar.ts";

/** `destination`. */
export const DESTINATION = object({
  host: text(),
  subset: text(),
  port: object({ number: uint32() }),
}, { required: ["host"] });

/** Where a route leads. */
export type Destination = NonNullable<ValueOf<typeof DESTINATION>>;

/** The rules between its fields. */
export function checkDestination(destination: Destination | undefined, at: Cursor): void {
  if (destination === undefined) return;
  const { host, subset, port } = destination;
  fault(
    below(at, "host"),
    host === "*" ? "invalid destination host *" : wildcardDomainFault(host),
  );
  if (subset !== "") fault(below(at, "subset"), subsetNameFault(subset));
  if (port !== undefined) fault(below(at, "port", "number"), portFault(port.number));
}
