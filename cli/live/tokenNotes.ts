import type { VaultNames } from "../../infra/model";
import { emptyJournal } from "../../rotation/journal";
import type { RotationPlan } from "../../rotation/plan";
import { judge, type Status } from "../../rotation/status";
import { asRecord, asText, type JsonRecord } from "../../infra/config/json";
import type { VaultReader } from "./context";
import type { Response } from "./reader";

/**
 * What the rotator wrote beside the token (its hash, when it was made, when it ends), as Vault's custom metadata. Never
 * the token.
 */
export async function tokenNotes(
  vault: VaultReader,
  place: VaultNames,
): Promise<{ readonly response: Response; readonly notes: JsonRecord }> {
  const response = await vault.get(`${place.mount}/metadata/${place.token}`);
  return { response, notes: asRecord(asRecord(asRecord(response.json()).data).custom_metadata) };
}

/** The token's status by those notes alone, for whoever has no right to read the token. @param now in milliseconds */
export function statusFromNotes(notes: JsonRecord, plan: RotationPlan, now: number): Status {
  const sha256 = asText(notes.token_sha256);
  const endedAt = asText(notes.rotated_at);
  const id = asText(notes.rotation_id);
  const record =
    sha256 === ""
      ? undefined
      : {
          token: "not read",
          sha256,
          kind: plan.kind,
          login: plan.login,
          expires_at: asText(notes.expires_at),
          rotation_id: id,
        };
  const finished = { id, reason: "", startedAt: "", endedAt, outcome: "finished" as const, notes: [], phases: {} };
  const journal = endedAt === "" ? emptyJournal : { ...emptyJournal, history: [finished] };
  return judge(record, journal, plan, now);
}
