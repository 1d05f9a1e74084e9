/** Whose pod it is: the workload that templates name, guessed from the controller as istiod does. */
import { type Draft, objectAt, objectsAt, textAt } from "./document.ts";

/** The workload of a pod. */
export interface Owner {
  /** Its API version. */
  readonly apiVersion: string;
  /** Its kind. */
  readonly kind: string;
  /** Its name; empty when nothing names it. */
  readonly name: string;
  /** Its namespace. */
  readonly namespace: string;
}

/** A Job of a CronJob ends in the minute, or second, that it is for. */
const CRON_JOB_REGEXP = /^(.+)-\d{8,10}$/;

/** The workload of a pod in a namespace. Only pods whose names are generated have another than themselves. */
export function ownerOf(pod: Draft, namespace: string): Owner {
  const metadata = objectAt(pod, "metadata");
  const name = textAt(metadata, "name");
  const controller = textAt(metadata, "generateName") === ""
    ? undefined
    : objectsAt(metadata, "ownerReferences").find((each) => each["controller"] === true);
  if (controller === undefined) return { apiVersion: "v1", kind: "Pod", name, namespace };
  const of = {
    apiVersion: textAt(controller, "apiVersion"),
    kind: textAt(controller, "kind"),
    name: textAt(controller, "name"),
    namespace,
  };
  const owner = { ...of, ...behind(of, objectAt(metadata, "labels")) };
  return owner.name === "" ? { ...owner, name } : owner;
}

/** What stands behind a controller: its own owner, by the names that are made for it. */
function behind({ kind, name }: Owner, labels: Draft): Partial<Owner> {
  switch (kind) {
    case "ReplicaSet": {
      const hash = textAt(labels, "pod-template-hash");
      if (hash !== "" && name.endsWith(hash)) {
        return { kind: "Deployment", name: withoutEnd(name, `-${hash}`) };
      }
      const rollout = textAt(labels, "rollouts-pod-template-hash");
      if (rollout === "" || !name.endsWith(rollout)) return {};
      return { apiVersion: "v1alpha1", kind: "Rollout", name: withoutEnd(name, `-${rollout}`) };
    }
    case "ReplicationController": {
      const config = textAt(labels, "deploymentconfig");
      return config === "" ? {} : { kind: "DeploymentConfig", name: config };
    }
    case "Job": {
      const cronJob = CRON_JOB_REGEXP.exec(name)?.[1];
      if (cronJob === undefined) return {};
      return { apiVersion: "batch/v1", kind: "CronJob", name: cronJob };
    }
    default:
      return {};
  }
}

function withoutEnd(text: string, end: string): string {
  return text.endsWith(end) ? text.slice(0, -end.length) : text;
}
