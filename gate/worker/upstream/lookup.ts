import {
  blobPath,
  judgeComparison,
  judgeDirectories,
  judgeStanding,
  lookupPath,
  standingBlob,
  type Comparison,
  type Directories,
  type Lookup,
  type Standing,
} from "../../policy/lookups";
import { Refusal } from "../../policy/refusals";
import { SecretRefusal } from "../../policy/verdict";
import { refuse, Refused } from "../answer/problem";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import { readJson } from "../request/body";
import { askApi } from "./send";

/** The largest answer to a look-up, in bytes: a comparison lists up to 300 files with their patches. */
const MAX_LOOKUP_ANSWER = 32 * 1024 * 1024;

/**
 * Guard `lookup`: asks GitHub what a request would change, and refuses what the policy does not allow or GitHub does
 * not know.
 */
export async function lookUp(gate: Gate, context: RequestContext, lookup: Lookup): Promise<void> {
  if (lookup.kind === "compare") await changedFiles(gate, context, lookup);
  else if (lookup.kind === "standing") await stoodBefore(gate, context, lookup);
  else await replacesNothing(gate, context, lookup);
}

/** Reads the previous content of a file in which something like a credential was found. */
async function stoodBefore(gate: Gate, context: RequestContext, lookup: Standing): Promise<void> {
  const id = standingBlob(lookup, await found(gate, context, lookupPath(gate.policy, lookup)));
  const refused =
    id === undefined
      ? lookup.judge("")
      : typeof id === "string"
        ? judgeStanding(lookup, id, await found(gate, context, blobPath(gate.policy, lookup, id)))
        : id;
  if (refused instanceof SecretRefusal) context.addFindings(refused.findings);
  if (refused !== undefined) throw new Refused(refused);
  context.addFindings(lookup.findings);
}

/** The JSON of an answer. Undefined if GitHub answers 404. */
async function found(gate: Gate, context: RequestContext, path: string): Promise<unknown> {
  const answer = await askApi(gate, context, path);
  if (answer.status === 200) return readJson(answer, MAX_LOOKUP_ANSWER);
  await answer.body?.cancel();
  return answer.status === 404 ? undefined : refuse("upstream-error");
}

/** Asks whether files would replace directories. */
async function replacesNothing(gate: Gate, context: RequestContext, lookup: Directories): Promise<void> {
  const answer = await askApi(gate, context, lookupPath(gate.policy, lookup));
  if (answer.status !== 200 && answer.status !== 404) {
    await answer.body?.cancel();
    refuse("upstream-error");
  }
  const refused = judgeDirectories(
    lookup,
    answer.status === 404 ? await answer.body?.cancel() : await readJson(answer, MAX_LOOKUP_ANSWER),
  );
  if (refused !== undefined) throw new Refused(refused);
}

/** Judges the size of a difference and the paths it touches, and returns the files that differ. */
export async function changedFiles(
  gate: Gate,
  context: RequestContext,
  lookup: Comparison,
): Promise<ReadonlySet<string>> {
  const answer = await askApi(gate, context, lookupPath(gate.policy, lookup));
  if (answer.status !== 200) {
    await answer.body?.cancel();
    refuse(answer.status === 404 || answer.status === 422 ? "lookup-failed" : "upstream-error");
  }
  const refused = judgeComparison(gate.policy, lookup, await readJson(answer, MAX_LOOKUP_ANSWER));
  if (!(refused instanceof Refusal)) return refused;
  // The place is a file name from GitHub. It is left out if it contains the token.
  const reflected = context.token !== undefined && gate.redactorFor(context.token).has(refused.at);
  throw new Refused(reflected ? new Refusal(refused.rule) : refused);
}
