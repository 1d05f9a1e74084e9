/** Documents of every kind that signet reads. */
import type { Corpus } from "./port.ts";
import { SERVICE_ENTRIES } from "./service_entry.ts";
import { WORKLOAD_ENTRIES } from "./workload_entry.ts";

/** One corpus a kind. */
export const CORPORA: readonly Corpus[] = [SERVICE_ENTRIES, WORKLOAD_ENTRIES];
