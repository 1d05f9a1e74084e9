/** Containers of a pod by name, in both lists, and their order after an injection. */
import { type Draft, isDraft, member, named, objectsAt, textAt } from "./document.ts";

/** Names of containers that injection knows. */
export const CONTAINER = {
  proxy: "istio-proxy",
  init: "istio-init",
  validation: "istio-validation",
  coreDump: "enable-core-dump",
} as const;

/** The two lists of a pod's spec. */
export type ContainerList = "containers" | "initContainers";

/** The container of a name, of those that stay first. */
export function findContainer(spec: Draft, name: string): Draft | undefined {
  return named(objectsAt(spec, "containers"), name) ??
    named(objectsAt(spec, "initContainers"), name);
}

/** Takes containers out of a list. */
export function removeContainers(spec: Draft, list: ContainerList, names: readonly string[]): void {
  if (member(spec, list) === undefined) return;
  const removed = new Set(names);
  spec[list] = objectsAt(spec, list).filter((each) => !removed.has(textAt(each, "name")));
}

/** Moves a container from one end to the other of its list, if it is there. */
function moveTo(spec: Draft, list: ContainerList, end: "first" | "last", name: string): void {
  const containers = objectsAt(spec, list);
  const moved = containers.filter((each) => textAt(each, "name") === name);
  if (moved.length === 0) return;
  const others = containers.filter((each) => textAt(each, "name") !== name);
  spec[list] = end === "first" ? [...moved, ...others] : [...others, ...moved];
}

/**
 * Orders containers: the proxy last, so that tools go on to take the application for the pod's, or first when it should run before it. A
 * proxy that is an init container comes right behind what catches its traffic; else that comes last, so that nothing is caught earlier.
 */
export function orderContainers(spec: Draft, holdsApplication: boolean): void {
  moveTo(spec, "containers", holdsApplication ? "first" : "last", CONTAINER.proxy);
  if (named(objectsAt(spec, "initContainers"), CONTAINER.proxy) !== undefined) {
    for (
      const name of [CONTAINER.coreDump, CONTAINER.proxy, CONTAINER.validation, CONTAINER.init]
    ) {
      moveTo(spec, "initContainers", "first", name);
    }
  } else {
    moveTo(spec, "initContainers", "first", CONTAINER.validation);
    moveTo(spec, "initContainers", "last", CONTAINER.init);
    moveTo(spec, "initContainers", "last", CONTAINER.coreDump);
  }
}

/** Moves the proxy to the init containers, where a template for native sidecars has it. */
export function moveProxyToInit(spec: Draft): void {
  const proxy = named(objectsAt(spec, "containers"), CONTAINER.proxy);
  if (proxy === undefined) return;
  spec["containers"] = objectsAt(spec, "containers").filter((each) => each !== proxy);
  spec["initContainers"] = [...objectsAt(spec, "initContainers"), proxy];
}

/** Names of the objects of a list, in order; `null` for a list that is not there, as Go writes it. */
export function namesOf(spec: Draft, list: string): readonly string[] | null {
  const value = member(spec, list);
  if (!Array.isArray(value) || value.length === 0) return null;
  return value.filter(isDraft).map((each) => textAt(each, "name"));
}
