/** A {@linkcode StateDatabase} that forgets: for tests. */
import { isForgettable, judgeTokenUse } from "./join_token.ts";
import type { JoinToken, JoinTokenStore, StateDatabase, TokenBinding } from "./port.ts";

/** Makes an empty database in memory. */
export function memoryDatabase(): StateDatabase {
  let recorded: string | undefined;
  return {
    location: "memory",
    tokens: memoryTokens(),
    trustDomain: () => recorded,
    recordTrustDomain: (trustDomain) => void (recorded = trustDomain),
    [Symbol.dispose]: () => {},
  };
}

function memoryTokens(): JoinTokenStore {
  const tokens = new Map<string, JoinToken>();
  const bindings = new Map<string, TokenBinding>();
  return {
    add(token) {
      for (const old of tokens.values()) {
        if (isForgettable(old, token.createdMs)) tokens.delete(old.id);
      }
      tokens.set(token.id, { ...token, used: 0, revokedMs: undefined });
    },
    find: (id) => tokens.get(id),
    list: () => [...tokens.values()].sort((a, b) => b.createdMs - a.createdMs),
    revoke(id, nowMs) {
      const token = tokens.get(id);
      if (token === undefined) return false;
      tokens.set(id, { ...token, revokedMs: token.revokedMs ?? nowMs });
      return true;
    },
    use(id, { keySha256, nowMs }) {
      const token = tokens.get(id);
      const key = `${id} ${keySha256.toHex()}`;
      const judgement = judgeTokenUse(token, bindings.get(key), nowMs);
      if (judgement === "repeat") return { ok: true, repeated: true };
      if (judgement !== "free") return { ok: false, refusal: judgement };
      bindings.set(key, { boundMs: nowMs });
      tokens.set(id, { ...token!, used: token!.used + 1 });
      return { ok: true, repeated: false };
    },
  };
}
