/**
 * Istio's kinds, read through the API server. Their CRDs may be missing, come later, serve an older version or go: the API groups are
 * looked at until every kind is there, and a list that is gone is looked for again. What it held stays until another has taken its place, or
 * until several looks in a row found none: an API server that has just started may not know its definitions yet, and policies that are
 * gone for a moment let everybody in.
 *
 * Each object is held to the rules of files: one with a fault keeps what it said before. What a policy that was never right says of itself is
 * in stand_in.ts.
 */
import { createTaskGroup, isSignetError, sleep, type TaskGroup } from "../../base/mod.ts";
import {
  type DocumentFault,
  formatPath,
  ISTIO_KINDS,
  type IstioDocument,
  type IstioKind,
  KIND_GROUPS,
  type ParsedDocument,
  parseDocument,
} from "../../istio/mod.ts";
import {
  asObject,
  asText,
  createReflector,
  keyOf,
  type KubeDocument,
  metaOf,
  type Reflector,
  type ReflectorHost,
  refusedStatus,
} from "../../kube/mod.ts";
import type { Collected } from "../collect.ts";
import { namespaceOf } from "./selected_list.ts";
import { standIn } from "./stand_in.ts";

/** Time between two looks for kinds that are missing, in milliseconds. */
export const LOOK_FOR_KINDS_MS = 5_000;
/** Looks in a row that find no definition of a kind before its objects are taken for removed. */
export const LOOKS_UNTIL_GONE = 3;
/** `kubectl apply` keeps the whole object there once more. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** What following the kinds needs. */
export interface KindsHost extends ReflectorHost {
  /** Namespaces whose documents are in force; default: all. */
  readonly isSelected?: (namespace: string) => boolean;
  /** Told after each change of documents or faults. */
  readonly onChange: () => void;
  /** Told each failure, before the next try: what could not be read. */
  readonly onFailure: (what: string, thrown: unknown) => void;
}

/** Documents of a cluster; disposing ends the watches. */
export interface ClusterKinds extends AsyncDisposable {
  /** Resolves when every kind that the API server has is known. */
  readonly synced: Promise<void>;
  /** Documents in force, in order of kind, namespace and name, and what is wrong. */
  collect(): Collected;
}

/** Starts to follow. */
export function followKinds(host: KindsHost): ClusterKinds {
  return new LiveKinds(host);
}

/** What is kept of an object. */
interface KeptObject {
  readonly document: IstioDocument | undefined;
  /** True when the object was never right, and the document is what stands in for it. */
  readonly isStandIn: boolean;
  readonly faults: readonly DocumentFault[];
  readonly warnings: readonly DocumentFault[];
}

class LiveKinds implements ClusterKinds {
  readonly #host: KindsHost;
  readonly #lists = new Map<IstioKind, Reflector<KeptObject>>();
  readonly #gone = new Set<IstioKind>();
  /** What lists held that went away, and how many looks found no other. */
  readonly #held = new Map<
    IstioKind,
    { readonly objects: ReadonlyMap<string, KeptObject>; looks: number }
  >();
  readonly #tasks: TaskGroup;
  readonly #synced = Promise.withResolvers<void>();
  readonly synced = this.#synced.promise;
  #isSynced = false;

  constructor(host: KindsHost) {
    this.#host = host;
    this.#tasks = createTaskGroup({ onError: (name, thrown) => host.onFailure(name, thrown) });
    this.#tasks.run("look for Istio's kinds", (signal) => this.#look(signal));
  }

  collect(): Collected {
    const { isSelected = () => true } = this.#host;
    const kept = ISTIO_KINDS.flatMap((kind) => {
      const objects = [...this.#held.get(kind)?.objects ?? this.#lists.get(kind)?.objects ?? []]
        .filter(([key]) => isSelected(namespaceOf(key)));
      return objects.sort(([one], [other]) => one < other ? -1 : 1).map(([, each]) => each);
    });
    return {
      documents: kept.flatMap(({ document }) => document ?? []),
      faults: kept.flatMap(({ faults }) => faults),
      warnings: kept.flatMap(({ warnings }) => warnings),
      unread: [],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tasks[Symbol.asyncDispose]();
    await Promise.all([...this.#lists.values()].map((list) => list[Symbol.asyncDispose]()));
    this.#lists.clear();
  }

  async #look(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.#dropGone();
        if (this.#lists.size < ISTIO_KINDS.length) await this.#find(signal);
        this.#forgetHeld();
        this.#resolveWhenSynced();
      } catch (thrown) {
        if (signal.aborted || !isSignetError(thrown)) throw thrown;
        this.#host.onFailure("Istio's API groups", thrown);
      }
      await sleep(this.#host.clock, LOOK_FOR_KINDS_MS, { signal });
    }
  }

  /** Called after each look: a list that was found and went away again is waited for no more. */
  #resolveWhenSynced(): void {
    if (this.#isSynced) return;
    const lists = [...this.#lists.values()].map(({ synced }) => synced);
    void Promise.all(lists).then(() => {
      this.#isSynced = true;
      this.#synced.resolve();
    });
  }

  async #dropGone(): Promise<void> {
    for (const kind of this.#gone) {
      const list = this.#lists.get(kind);
      await list?.[Symbol.asyncDispose]();
      // A list that was to take the place of another may go before it was whole.
      if (list !== undefined && !this.#held.has(kind)) {
        this.#held.set(kind, { objects: new Map(list.objects), looks: 0 });
      }
      this.#lists.delete(kind);
      this.#gone.delete(kind);
    }
  }

  /** A CRD that was removed took its objects with it. */
  #forgetHeld(): void {
    for (const [kind, held] of this.#held) {
      if (this.#lists.has(kind) || ++held.looks < LOOKS_UNTIL_GONE) continue;
      this.#held.delete(kind);
      this.#host.onChange();
    }
  }

  async #find(signal: AbortSignal): Promise<void> {
    for (const group of new Set(Object.values(KIND_GROUPS).map(({ group }) => group))) {
      const missing = ISTIO_KINDS.filter((kind) =>
        KIND_GROUPS[kind].group === group && !this.#lists.has(kind)
      );
      if (missing.length === 0) continue;
      const served = await this.#versionsOf(group, signal);
      for (const version of served) {
        const paths = await this.#pathsOf(`/apis/${group}/${version}`, signal);
        for (const kind of missing) {
          const path = paths.get(kind);
          const isWanted = KIND_GROUPS[kind].versions.includes(version);
          if (path === undefined || !isWanted || this.#lists.has(kind)) continue;
          this.#follow({ apiVersion: `${group}/${version}`, kind }, path);
        }
        if (missing.every((kind) => this.#lists.has(kind))) break;
      }
    }
  }

  /** Versions of a group, the newest that signet reads first; none when there is no CRD of the group. */
  async #versionsOf(group: string, signal: AbortSignal): Promise<readonly string[]> {
    const versions = asList((await this.#get(`/apis/${group}`, signal))["versions"])
      .map((each) => asText(asObject(each)["version"]));
    const wanted = Object.values(KIND_GROUPS).flatMap((kind) =>
      kind.group === group ? kind.versions : []
    );
    return [...new Set(wanted)].filter((version) => versions.includes(version));
  }

  /** Paths of the lists of a version by kind; a path with a slash is a subresource's. */
  async #pathsOf(base: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const resources = asList((await this.#get(base, signal))["resources"]).map(asObject);
    return new Map(
      resources.map(({ kind, name }) => [asText(kind), asText(name)] as const)
        .filter(([, name]) => !name.includes("/")).map(([kind, name]) => [kind, `${base}/${name}`]),
    );
  }

  async #get(path: string, signal: AbortSignal): Promise<KubeDocument> {
    try {
      return await this.#host.client.request({ path, signal });
    } catch (thrown) {
      if (refusedStatus(thrown) === 404) return {};
      throw thrown;
    }
  }

  #follow(type: { readonly apiVersion: string; readonly kind: IstioKind }, path: string): void {
    const { onChange, onFailure } = this.#host;
    const { kind } = type;
    const list = createReflector<KeptObject>({
      path,
      keep: (object, before) =>
        keepObject(
          { ...object, ...type },
          before ?? this.#held.get(kind)?.objects.get(keyOf(object)),
        ),
      onChange,
      onFailure: (thrown) => {
        if (refusedStatus(thrown) === 404) this.#gone.add(kind);
        else onFailure(path, thrown);
      },
    }, this.#host);
    this.#lists.set(kind, list);
    void list.synced.then(() => {
      if (this.#held.delete(kind)) onChange();
    });
  }
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Fields that signet does not know are warned of and no more: the CRD of the cluster may be newer. */
function keepObject(object: KubeDocument, before: KeptObject | undefined): KeptObject {
  const { name, namespace } = metaOf(object);
  const place = { file: `cluster: ${asText(object["kind"])} ${namespace}/${name}`, line: 0 };
  const parsed = parseDocument(withoutLastApplied(object), { place, unknownFields: "warn" });
  const located = (findings: typeof parsed.warnings) =>
    findings.map(({ path, reason }) => ({ ...place, field: formatPath(path), reason }));
  return {
    ...inForce(parsed, before),
    faults: located(parsed.faults),
    warnings: parsed.faults.length > 0 ? [] : located(parsed.warnings),
  };
}

function inForce(
  { document, faulty, faults }: ParsedDocument,
  before: KeptObject | undefined,
): Pick<KeptObject, "document" | "isStandIn"> {
  if (faults.length === 0) return { document, isStandIn: false };
  const known = before?.isStandIn ? undefined : before?.document;
  if (known !== undefined) return { document: known, isStandIn: false };
  return { document: standIn(faulty, faults), isStandIn: true };
}

function withoutLastApplied(object: KubeDocument): KubeDocument {
  const metadata = asObject(object["metadata"]);
  const { [LAST_APPLIED]: _, ...annotations } = asObject(metadata["annotations"]);
  return { ...object, metadata: { ...metadata, annotations } };
}
