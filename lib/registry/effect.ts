/** Which of the documents that are read change anything: a folder may hold a whole mesh's configuration, and what does nothing yet is said. */
import type { IstioDocument, IstioKind, UnreadDocument } from "../istio/mod.ts";

/** Kinds that services are made of, and those that shape what proxies get. */
const IN_EFFECT: readonly IstioKind[] = [
  ...["ServiceEntry", "WorkloadEntry"] as const,
  ...["PeerAuthentication", "Sidecar", "AuthorizationPolicy", "RequestAuthentication"] as const,
  ...["DestinationRule", "VirtualService"] as const,
];
/** Most kinds of one line. */
const MAX_KINDS = 20;

/** `Gateway (1), VirtualService (3)`: documents that are read and checked, and have no effect yet; empty for none. */
export function withoutEffect(documents: readonly IstioDocument[]): string {
  return counted(documents.map(({ kind }) => kind).filter((kind) => !IN_EFFECT.includes(kind)));
}

/** `v1 ConfigMap (2)`: documents of kinds that are not read; empty for none. */
export function leftAlone(unread: readonly UnreadDocument[]): string {
  return counted(unread.map(({ what }) => what));
}

function counted(kinds: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const sorted = [...counts].sort(([one], [other]) => one < other ? -1 : 1);
  const named = sorted.slice(0, MAX_KINDS).map(([kind, count]) => `${kind} (${count})`);
  const more = sorted.length > MAX_KINDS ? [`${sorted.length - MAX_KINDS} kinds more`] : [];
  return [...named, ...more].join(", ");
}
