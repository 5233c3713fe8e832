import { CouldNotRun } from "../../support/exit";
import { trailPage } from "../../live/gateTrail";
import { failureOf, type Reader } from "../../live/reader";
import { parseCheckpoint } from "../checkpoints";
import type { Source } from "./records";

/**
 * The trail as the gate itself gives it, with the operator key: what is archived, and what still waits for the archive.
 * A self-hosted gate gives it the same way.
 */
export const gateSource = (operator: Reader): Source => ({
  name: "the gate",
  async *pieces(after) {
    let end: number | undefined;
    for (let at = after; end === undefined || at < end;) {
      const { response, head } = await trailPage(operator, at);
      const { status } = response.call;
      if (status !== 200)
        throw new CouldNotRun(
          `the gate does not give its audit trail: ${failureOf(response)}${status === 404 ? "; is GATEHOUSE_OPERATOR_KEY this stack's operatorKey?" : ""}`,
        );
      end ??= head.seq;
      if (head.seq < after)
        throw new CouldNotRun(
          `the gate's trail ends at record ${head.seq}, and ${after} were pulled before: this is another gate, or its memory was lost. Nothing was changed`,
        );
      const checkpoint = parseCheckpoint(response.header("x-gatehouse-audit-checkpoint") ?? "");
      const last = Number(/\{"v":1,"seq":(\d+),[^\n]*\n$/.exec(response.text)?.[1] ?? at);
      yield { text: response.text, head, ...(checkpoint?.seq === last ? { checkpoint } : {}) };
      if (last <= at) return;
      at = last;
    }
  },
});
