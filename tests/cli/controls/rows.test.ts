import { CATALOGUE, CONTROL_MAPPING, LOCKS } from "../../../infra/model";
import { RULES } from "../../../policy/library";
import { QUESTIONS } from "../../../cli/assess/assess";
import { controlRows, evidenceText, type PostureClaims } from "../../../cli/controls/rows";
import { commandsOf } from "../../support/commands";

const everything: PostureClaims = {
  locks: new Set(Object.keys(LOCKS)),
  resource: (type) => type,
  met: new Map(),
};
const rows = (posture: PostureClaims) => controlRows(posture).flatMap((part) => part.rows);
const row = (posture: PostureClaims, id: string) => rows(posture).find((one) => one.id === id);

it("joins what a control names with what names the control", () => {
  const { evidence } = row(everything, "NIST SP 800-53 CM-5") ?? {};
  expect(evidence?.locks).toContain("ruleset-branches");
  expect(evidence?.actions).toEqual(
    CATALOGUE.filter(({ references }) => references.includes("NIST SP 800-53 CM-5")).map(({ id }) => id),
  );
  expect(evidence?.actions).toContain("edit-workflow");
  expect(row(everything, "NIST SP 800-53 AU-11")?.evidence.policies).toEqual(["audit-retention"]);
  expect(row(everything, "NIST SP 800-53 AU-11")?.evidence.questions).toEqual(["bucket-lock"]);
});

it("leaves no reference of an action, a rule or a question without a row", () => {
  const known = new Set<string>(CONTROL_MAPPING.flatMap(({ controls }) => controls.map(({ id }) => id)));
  const named: string[] = [
    ...CATALOGUE.flatMap(({ references }) => references),
    ...RULES.flatMap(({ controls }) => controls),
    ...QUESTIONS.flatMap(({ controls = [] }) => controls),
  ];
  expect(named.filter((id) => !known.has(id) && id !== "GitHub secure use of Actions")).toEqual([]);
});

it("names commands that there are", () => {
  const commands = new Set(commandsOf().map(({ name }) => name));
  const named = rows(everything).flatMap(({ evidence }) => evidence.commands);
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((name) => !commands.has(name))).toEqual([]);
});

it("counts only the locks and resources that the posture has", () => {
  const without = {
    ...everything,
    locks: new Set<string>(["gate-upstream"]),
    resource: (type: string) => (type.startsWith("vault:") ? undefined : type),
  };
  expect(row(without, "NIST SP 800-53 SC-28")?.evidence).toMatchObject({ locks: [], resources: [] });
  expect(row(without, "NIST SP 800-53 AC-4")?.evidence.locks).toEqual(["gate-upstream"]);
});

it("says what is met, what contributes, and what does nothing", () => {
  const met = new Map([
    ["CIS 1.1.4", true],
    ["CIS 1.1.8", false],
  ]);
  const status = (id: string) => row({ ...everything, met }, id)?.status;
  expect(["CIS 1.1.4", "CIS 1.1.8", "NIST SP 800-53 AC-3", "OWASP LLM04:2025"].map(status)).toEqual([
    "met",
    "not met",
    "contributes",
    "nothing",
  ]);
});

it("puts evidence into words, and counts what is too much to name", () => {
  const none = { locks: [], actions: [], resources: [], commands: [], policies: [], questions: [], pages: [] };
  const plain = (text: string): string => text;
  expect(evidenceText(none, plain)).toBe("");
  expect(
    evidenceText(
      {
        ...none,
        locks: ["a"],
        actions: ["a", "b", "c", "d", "e"],
        resources: ["github:index/team:Team", "vault:appRole/authBackendRole:AuthBackendRole"],
        commands: ["assess"],
      },
      plain,
    ),
  ).toBe(
    "lock a; actions a, b, c and 2 more; resources github.Team, vault.appRole.AuthBackendRole; command gatehouse assess",
  );
});
