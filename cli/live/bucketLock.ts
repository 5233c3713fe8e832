import { asList, asRecord, asText } from "../../infra/config/json";

/**
 * For how many seconds a bucket's rules lock every object in it; `Infinity` for a lock without end, 0 for none.
 * @param rules as Cloudflare shows them
 */
export const longestLock = (rules: unknown): number =>
  Math.max(
    0,
    ...asList(rules)
      .map(asRecord)
      .filter((rule) => rule.enabled === true && asText(rule.prefix) === "")
      .map(({ condition }) =>
        asRecord(condition).type === "Indefinite" ? Infinity : Number(asRecord(condition).maxAgeSeconds ?? 0),
      ),
  );
