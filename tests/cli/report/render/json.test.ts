import Ajv2020 from "ajv/dist/2020";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { judge } from "../../../../cli/policy/judge";
import { renderJson } from "../../../../cli/report/render/json";
import { buildReport, type Report } from "../../../../cli/report/report";
import { readSnapshot } from "../../../../cli/report/snapshot";
import { CHANGES, reportOf } from "../support/changes";

const ROOT = join(__dirname, "../../../..");
type Schema = Record<string, unknown>;
const schema = JSON.parse(readFileSync(join(ROOT, "docs/schemas/report-v1.json"), "utf8")) as Schema;

/** The same, refusing what it does not describe: a reader may ignore new keys, and the schema must know them. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, closed(inner)] as const);
  return Object.fromEntries([
    ...entries,
    ...("properties" in value && "required" in value ? [["additionalProperties", false] as const] : []),
  ]);
}
const ajv = new Ajv2020({ allErrors: true });
const validate = ajv.compile(closed(schema) as Schema);
const wrong = (report: Report): unknown[] => {
  validate(JSON.parse(renderJson(report)));
  return (
    validate.errors?.map(
      ({ instancePath, message, params }) => `${instancePath} ${message ?? ""} ${JSON.stringify(params)}`,
    ) ?? []
  );
};

it.each(CHANGES)("the report of %s is as docs/schemas/report-v1.json describes it", (name) => {
  expect(wrong(reportOf(name))).toEqual([]);
});

it("so is one of a single state, with findings, an exception, a loss and a drill", () => {
  const base = readFileSync(join(ROOT, "tests/fixtures/report/changes/base.json"), "utf8");
  const guarded = base.replace(
    '"type": "vault:index/mount:Mount",',
    '"type": "vault:index/mount:Mount", "protect": true,',
  );
  const opened = base.replace('"permission": "push"', '"permission": "admin"');
  const state = readSnapshot(opened, "after");
  const exception = {
    id: "EXC-1",
    rule: "machine-user-no-admin",
    target: "urn:pulumi:dev::*",
    owner: "platform",
    reason: "until it is moved",
    until: "2999-01-01",
  };
  const attempt = { action: "merge", title: "merges", client: "git", expect: "refused", holds: true } as const;
  const report = buildReport({
    title: "x",
    before: readSnapshot(guarded, "before"),
    after: state,
    judge: (after) => judge(after, [exception]),
    drill: [{ ...attempt, answer: { status: 403, ok: false, rule: "route" }, second: { status: 0, ok: false } }],
    notes: ["a note"],
  });
  expect(report.losses).toMatchObject([{ how: "unguarded" }]);
  expect(report.policy?.some(({ exception: excepted }) => excepted !== undefined)).toBe(true);
  expect(wrong(report)).toEqual([]);
  expect(wrong(buildReport({ title: "x", after: state }))).toEqual([]);
});
