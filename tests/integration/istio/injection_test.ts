/**
 * Signet's injection beside Istio's own: `istioinject` is its webhook as a program, with Istio's own templates and values. Patches may
 * differ; what they make of a pod may not, and neither may the words of a refusal. Differences on purpose stand in the row with the reason.
 */
import assert from "node:assert/strict";
import { readSettings } from "signet/inject/settings.ts";
import { readInjectMesh } from "signet/inject/mesh.ts";
import { createState } from "signet/inject/state.ts";
import { injectInto } from "signet/inject/injection.ts";
import { POD_STRUCTS } from "signet/inject/pod_fields.ts";
import { PROXY_CONFIG_ENUMS, PROXY_CONFIG_MESSAGES } from "signet/inject/proxy_config_fields.ts";
import type { InjectOutcome, JsonObject } from "signet/inject/mod.ts";
import {
  askIstio,
  type InjectionAnswer,
  type InjectionQuestion,
  shippedByIstio,
  type ShippedInjection,
  tablesOfIstio,
} from "../../support/istio_injection.ts";
import { testWithPeers } from "../../support/peers.ts";
import { type Doc, INJECTION_ROWS, type InjectionRow } from "./injection_rows.ts";

function over(base: Doc, above: Doc): Doc {
  const merged = { ...base };
  for (const [name, value] of Object.entries(above)) {
    const held = merged[name];
    const isDeep = [held, value].every((each) =>
      typeof each === "object" && each !== null && !Array.isArray(each)
    );
    merged[name] = isDeep ? over(held as Doc, value as Doc) : value;
  }
  return merged;
}

function questionOf(row: InjectionRow, shipped: ShippedInjection): InjectionQuestion {
  const config = over({ policy: "enabled", templates: shipped.templates }, row.config ?? {});
  return {
    pod: row.pod,
    namespace: row.namespace ?? "shop",
    path: row.path ?? "",
    config: JSON.stringify(config),
    values: JSON.stringify(over(shipped.values, row.values ?? {})),
    meshConfig: JSON.stringify(row.mesh ?? {}),
    revision: row.revision ?? "",
    native: row.native ?? false,
  };
}

function answerOf(question: InjectionQuestion): InjectOutcome {
  const { pod, namespace, path, config, values, meshConfig, revision, native } = question;
  const state = createState(readSettings(config, values), readInjectMesh([meshConfig], ""), {
    ...{ revision, nativeSidecars: native },
  });
  const before = JSON.stringify(pod);
  const injection = injectInto({ pod: pod as JsonObject, namespace, path, dryRun: false }, state);
  if (injection.defect !== undefined) throw injection.defect;
  assert.equal(JSON.stringify(pod), before, "the pod that was given is not changed");
  return injection.outcome;
}

function compare(row: InjectionRow, own: InjectOutcome, said: InjectionAnswer): void {
  if (said.error !== undefined) {
    assert.equal(own.kind, "failed", `istiod refuses: ${said.error}`);
    if (own.kind !== "failed") return;
    // An order of chance is at times the same.
    if (row.differs === undefined) assert.equal(own.message, said.error);
  } else if (said.patched === undefined) {
    assert.equal(own.kind, "skipped");
  } else {
    assert.equal(own.kind, "patched", own.kind === "failed" ? own.message : own.kind);
    assert.equal(said.otherError, undefined);
    if (row.differs === undefined) assert.deepEqual(said.other, said.patched);
  }
}

testWithPeers(
  "signet makes of every pod what Istio's own webhook makes of it",
  ["istioinject"],
  async (t, { istioinject }) => {
    const shipped = await shippedByIstio(istioinject);
    const asked = Object.entries(INJECTION_ROWS).flatMap(([about, rows]) =>
      rows.map((row) => {
        const question = questionOf(row, shipped);
        const own = answerOf(question);
        const patch = own.kind === "patched" ? own.patch : undefined;
        return {
          about,
          row,
          own,
          question: patch === undefined ? question : { ...question, patch },
        };
      })
    );
    const answers = await askIstio(istioinject, asked.map(({ question }) => question));
    for (const [at, { about, row, own }] of asked.entries()) {
      await t.step(`${about}: ${row.name}`, () => {
        const said = answers[at]!;
        assert.equal(said.config, undefined, "the row's configuration is one that istiod takes");
        compare(row, own, said);
      });
    }
  },
);

testWithPeers(
  "a pod that Istio's webhook injected stays as it is when signet injects it again",
  ["istioinject"],
  async (t, { istioinject }) => {
    const shipped = await shippedByIstio(istioinject);
    const first = Object.values(INJECTION_ROWS).flat().filter(({ differs }) =>
      differs === undefined
    )
      .map((row) => ({ row, question: questionOf(row, shipped) }));
    const once = await askIstio(istioinject, first.map(({ question }) => question));
    const again = first.flatMap(({ row, question }, at) => {
      const injected = once[at]!.patched;
      if (injected === undefined) return [];
      const asked = { ...question, pod: injected };
      const own = answerOf(asked);
      return [{
        row,
        injected,
        own,
        asked: own.kind === "patched" ? { ...asked, patch: own.patch } : asked,
      }];
    });
    const twice = await askIstio(istioinject, again.map(({ asked }) => asked));
    for (const [at, { row, injected, own }] of again.entries()) {
      await t.step(row.name, () => {
        if (own.kind !== "patched") assert.fail(JSON.stringify(own));
        const { other, otherError } = twice[at]!;
        assert.equal(otherError, undefined);
        assert.deepEqual(other, injected);
      });
    }
  },
);

testWithPeers(
  "the tables of a pod's and a ProxyConfig's fields are those of Kubernetes and Istio",
  ["istioinject"],
  async (_t, { istioinject }) => {
    const { pod, proxyConfig, enums } = await tablesOfIstio(istioinject);
    assert.deepEqual(POD_STRUCTS, pod);
    assert.deepEqual(PROXY_CONFIG_MESSAGES, proxyConfig);
    assert.deepEqual(PROXY_CONFIG_ENUMS, enums);
  },
);
