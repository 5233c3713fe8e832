import { workersNotForced } from "../../../policy/rules/workersNotForced";
import { declare, said } from "../support/declare";

const script = (inputs: Record<string, unknown>) => declare("cloudflare:index/workersScript:WorkersScript", inputs);
const MIGRATIONS = { newSqliteClasses: ["Ledger"] };

describe("workers-not-forced", () => {
  it("holds without force, and for a Worker that holds nothing", () => {
    expect(said(workersNotForced, script({ migrations: MIGRATIONS }), script({ force: true }))).toEqual([]);
  });

  it.each([{ migrations: MIGRATIONS }, { bindings: [{ type: "durable_object_namespace" }] }])(
    "refuses it with %j",
    (more) => {
      expect(said(workersNotForced, script({ force: true, ...more }))).toEqual([
        "The Worker can be deleted with the counters and the order of the audit trail in it.",
      ]);
    },
  );
});
