import { SecretRefusal } from "../../policy/verdict";
import {
  judgeComparison,
  judgeDirectories,
  judgeStanding,
  blobPath,
  lookupPath,
  standingBlob,
  type Comparison,
  type Directories,
  type Lookup,
  type Standing,
} from "../../policy/lookups";
import { Refusal } from "../../policy/refusals";
import type { Gate } from "../gate";
import { Refused, refuse } from "../answer/problem";
import { readJson } from "../request/requests";
import { askApi } from "./send";
import type { RequestContext } from "../context";

/** Comparisons list at most 300 files with their patches. */
const MAX_LOOKUP_ANSWER = 32 * 1024 * 1024;

/** Guard `lookup`: asks GitHub what a request would bring about, and refuses what the posture does not allow or what GitHub does not know. */
export async function lookUp(gate: Gate, context: RequestContext, lookup: Lookup): Promise<void> {
  if (lookup.kind === "compare") await changedFiles(gate, context, lookup);
  else if (lookup.kind === "standing") await stoodBefore(gate, context, lookup);
  else await replacesNothing(gate, context, lookup);
}

/** Asks what stood in a file in which something was found. */
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

/** An answer's JSON; undefined when GitHub has no such thing. */
async function found(gate: Gate, context: RequestContext, path: string): Promise<unknown> {
  const answer = await askApi(gate, context, path);
  if (answer.status === 200) return readJson(answer, MAX_LOOKUP_ANSWER);
  await answer.body?.cancel();
  return answer.status === 404 ? undefined : refuse("upstream-error");
}

/** Asks whether files would stand in the place of directories. */
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

/** How large a difference is and what it touches, and then which files differ. */
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
  // The place is a name of GitHub's; no answer of the gate repeats a token, whatever GitHub calls a file.
  const reflected = context.token !== undefined && gate.redactorFor(context.token).has(refused.at);
  throw new Refused(reflected ? new Refusal(refused.rule) : refused);
}
