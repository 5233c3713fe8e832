import { asRecord } from "../../infra/config/json";
import { ORGANIZATION_RULESET, ORGANIZATION_WEBHOOK, REPOSITORY_RULESET, REPOSITORY_WEBHOOK } from "../../policy/read";
import { controlRows, type ControlRow, type PostureClaims } from "../controls/rows";
import type { Snapshot } from "./snapshot";

/** What the posture does for one control of a standard, and what it did before. */
export interface ReportedControl extends ControlRow {
  readonly standard: string;
  /** What it did before, where that differs in status or evidence. */
  readonly before?: Pick<ControlRow, "status" | "evidence">;
}

/**
 * The control mapping for a state of the stack. Pure.
 * @returns none for a state without a posture, such as one after `destroy`
 */
export function reportedControls(after: Snapshot, before?: Snapshot): ReportedControl[] {
  const earlier = new Map((before ? rowsOf(before) : []).map(({ row }) => [row.id, row]));
  return rowsOf(after).map(({ standard, row }) => {
    const was = earlier.get(row.id);
    const differs =
      was !== undefined && JSON.stringify([was.status, was.evidence]) !== JSON.stringify([row.status, row.evidence]);
    return { standard, ...row, ...(differs ? { before: { status: was.status, evidence: was.evidence } } : {}) };
  });
}

function rowsOf(state: Snapshot): { standard: string; row: ControlRow }[] {
  const claims = claimsOf(state);
  if (claims.locks.size === 0) return [];
  return controlRows(claims).flatMap(({ framework, rows }) =>
    rows.map((row) => ({ standard: `${framework.title}, ${framework.version}`, row })),
  );
}

/** What a posture declares in place of a type, by its settings. */
const INSTEAD: Readonly<Record<string, readonly string[]>> = {
  [REPOSITORY_RULESET]: [ORGANIZATION_RULESET],
  [ORGANIZATION_WEBHOOK]: [REPOSITORY_WEBHOOK],
};

function claimsOf({ outputs, resources }: Snapshot): PostureClaims {
  const types = new Set(resources.map(({ type }) => type));
  const texts = (record: unknown): [string, string][] =>
    Object.entries(asRecord(record)).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : []));
  return {
    locks: new Set(
      Object.values(asRecord(outputs.accessMatrix)).flatMap((place) =>
        texts(asRecord(place).stopped).flatMap(([, locks]) => locks.split(" + ")),
      ),
    ),
    resource: (type) => [type, ...(INSTEAD[type] ?? [])].find((one) => types.has(one)),
    met: new Map(texts(outputs.controls).map(([id, says]) => [id, says.startsWith("met:")])),
  };
}
