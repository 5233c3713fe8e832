/**
 * What came back from an attempt. `rule` is the gate's rule id, or GitHub's own sentence when the refusal is GitHub's.
 */
export interface DrillAnswer {
  /** HTTP status; 0 where git or a call of a tool was turned down inside an answer of 200. */
  readonly status: number;
  readonly ok: boolean;
  readonly rule?: string;
}

/** One attempt of a rehearsal's drill, as a report shows it. */
export interface DrillRow {
  readonly action: string;
  readonly title: string;
  readonly client: "fetch" | "octokit" | "git" | "mcp" | "raw socket";
  readonly expect: "allowed" | "refused";
  /** What came back through the gate. */
  readonly answer: DrillAnswer;
  /** For a refused action: what GitHub itself answers to the machine user's token, as if the gate were not there. */
  readonly second?: DrillAnswer;
  readonly holds: boolean;
}

/** The status as a person reads it. */
export const answered = ({ status }: DrillAnswer): string => (status === 0 ? "rejected" : String(status));
