import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CONTROL_MAPPING, control, type ControlId } from "../../../../infra/model";
import { ROOT } from "../../../support/sandbox";

interface Standard {
  readonly prefix: string;
  readonly version: string;
  readonly controls: Readonly<Record<string, string>>;
}
const STANDARDS = JSON.parse(
  readFileSync(join(ROOT, "tests/fixtures/controls/standards.json"), "utf8"),
) as readonly Standard[];
const ALL = CONTROL_MAPPING.flatMap(({ framework, controls }) => controls.map((one) => ({ framework, ...one })));

/** Lower-case letters and digits alone: hyphenation and capitals differ between editions of a text. */
const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, "");

it.each(STANDARDS.map((standard) => [standard.prefix, standard] as const))(
  "names only ids of %s, with the standard's own titles",
  (prefix, { controls }) => {
    const rows = ALL.filter(({ framework }) => framework.prefix === prefix);
    expect(rows.length).toBeGreaterThan(3);
    for (const { id, title } of rows) {
      const number = id.slice(prefix.length).trim();
      expect(Object.keys(controls)).toContain(number);
      if (controls[number] !== "") expect([number, plain(title)]).toEqual([number, plain(controls[number] ?? "")]);
    }
  },
);

it("has a list of the ids of every standard but Scorecard, which has tiers in place of ids", () => {
  const listed = STANDARDS.map(({ prefix }) => prefix);
  expect(CONTROL_MAPPING.map(({ framework }) => framework.prefix).filter((one) => !listed.includes(one))).toEqual([
    "Scorecard",
  ]);
});

it("would notice an id that the catalog does not have", () => {
  const catalog = STANDARDS.find(({ prefix }) => prefix === "NIST SP 800-53")?.controls ?? {};
  expect(Object.keys(catalog)).toHaveLength(1007);
  for (const invented of ["AC-99", "AC-6(11)", "IA-5(99)", "XX-1"]) expect(catalog[invented]).toBeUndefined();
});

it("names each control once, under its own standard", () => {
  const ids = ALL.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, framework } of ALL) expect(id.startsWith(framework.prefix)).toBe(true);
  expect(() => control("NIST SP 800-53 AC-99" as ControlId)).toThrow("no control NIST SP 800-53 AC-99");
});

it.each(ALL.map(({ id, ...rest }) => [id, rest] as const))(
  "%s says how it contributes, and what remains",
  (_, { contributes, evidence, limit, framework }) => {
    expect(contributes).toMatch(/\.$/);
    if (evidence.length === 0) expect(contributes).toBe("Nothing.");
    // Scorecard and CIS ask for settings that a stack can meet wholly; the others ask for more than a stack.
    if (!["CIS", "Scorecard"].includes(framework.prefix)) expect(limit).not.toBe("");
    for (const page of evidence.flatMap((one) => (one.startsWith("page:") ? [one.slice(5)] : [])))
      expect([page, existsSync(join(ROOT, page))]).toEqual([page, true]);
  },
);

it("points to resource types that a deployed stack has", () => {
  const state = JSON.parse(readFileSync(join(ROOT, "tests/fixtures/real-run/1-create.export.json"), "utf8")) as {
    deployment: { resources: { type: string }[] };
  };
  // The recorded run is of a version that made its secrets as RandomBytes.
  const types = new Set([
    ...state.deployment.resources.map(({ type }) => type),
    "random:index/randomPassword:RandomPassword",
  ]);
  const named = ALL.flatMap(({ evidence }) =>
    evidence.flatMap((one) => (one.startsWith("resource:") ? [one.slice("resource:".length)] : [])),
  );
  expect(named.filter((type) => !types.has(type))).toEqual([]);
});
