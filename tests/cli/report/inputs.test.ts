import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findDocument } from "../../../cli/report/documents";
import { buildReport, type Report } from "../../../cli/report/report";
import { readSnapshot } from "../../../cli/report/snapshot";

const FOLDER = join(__dirname, "../../fixtures/report");
const file = (name: string): string => readFileSync(join(FOLDER, name), "utf8");

/** The report of one change; without what tells of the files, which differ by version and time. */
function told(before: string | undefined, after: string): Omit<Report, "inputs"> {
  const { inputs: _, ...report } = buildReport({
    title: "Recorded",
    ...(before === undefined ? {} : { before: readSnapshot(file(before), before) }),
    after: readSnapshot(file(after), after),
  });
  return report;
}

describe("one change, told in every form", () => {
  const CAME = told("real/create.export.json", "real/widen.export.json");

  it("widens docs and the limit, and moves the sign-in of the workflows", () => {
    expect(CAME.verdict).toBe("both");
    expect(CAME.headline.slice(0, 2)).toEqual([
      "claude-bot: docs read → write; may now push claude/** to docs.",
      "gate limit requestsPerMinute: 240 (before: gate limit requestsPerMinute: 120).",
    ]);
    expect(CAME.headline.slice(2)).toEqual([
      expect.stringMatching(
        /gatehouse-ci\/auditor.*\(no longer asks for repository acme\/docs, now asks for repository/,
      ),
      expect.stringMatching(/gatehouse-ci\/rotator/),
    ]);
  });

  it.each([
    ["the preview", "real/create.export.json", "real/widen.preview.json"],
    ["its stream", "real/create.export.json", "real/widen.stream.json"],
    ["a saved plan", "real/create.export.json", "real/widen.plan.json"],
    ["the sandbox's preview", "sandbox/create.export.json", "sandbox/widen.preview.json"],
    ["the sandbox's states", "sandbox/create.export.json", "sandbox/widen.export.json"],
  ])("is the same in every word by %s", (_title, before, after) => {
    expect(told(before, after)).toEqual(CAME);
  });

  it("is the same for the first deployment, by preview and by plan, beside a state and alone", () => {
    const stands = told(undefined, "real/create.export.json").facts;
    for (const after of ["real/create.preview.json", "real/create.plan.json"])
      expect(told(undefined, after).facts).toEqual(stands);
  });

  it("names versions and times of the files", () => {
    const { inputs } = buildReport({
      title: "Recorded",
      before: readSnapshot(file("real/create.export.json"), "b"),
      after: readSnapshot(file("real/widen.plan.json"), "a"),
    });
    expect(inputs).toEqual([
      {
        side: "before",
        kind: "export",
        pulumi: "3.274.1",
        time: "2026-11-30T20:50:12.774440179Z",
        plugins: { cloudflare: "6.17.0", github: "6.15.0", random: "4.21.1", vault: "7.8.0" },
      },
      { side: "after", kind: "plan", pulumi: "3.274.1", time: "2026-11-30T20:50:53.104804515Z", plugins: {} },
    ]);
  });
});

describe("a file that cannot be read", () => {
  const EXPORT = file("real/create.export.json");
  const STREAM = file("real/widen.stream.json");
  const PLAN = file("real/widen.plan.json");
  const changed = (text: string, change: (copy: { deployment: { resources: unknown } }) => void): string => {
    const copy = JSON.parse(text) as { deployment: { resources: unknown } };
    change(copy);
    return JSON.stringify(copy);
  };
  const lines = STREAM.split("\n");

  it.each<[title: string, text: string, says: RegExp]>([
    ["nothing", "", /^f\.json: not JSON in line 1; give the output of `pulumi stack export`/],
    ["text", "\n\nUpdating (dev)\n", /^f\.json: not JSON in line 3; /],
    ["a comma too many", EXPORT.replace('"version": 3,', '"version": 3,,'), /^f\.json: not JSON in line 2; /],
    [
      "an export that is cut off",
      EXPORT.slice(0, 50_000),
      /^f\.json: not JSON to its end, what begins in line 1 is cut off; /,
    ],
    [
      "a stream that is cut off in an event",
      `${lines.slice(0, 41).join("\n")}\n${lines[41]?.slice(0, 200) ?? ""}`,
      /^f\.json: an event of the preview cannot be read, the file is damaged in line 42; /,
    ],
    [
      "an export of a newer format",
      EXPORT.replace('"version": 3', '"version": 5'),
      /^f\.json: version: this export has format 5, and this report knows 3 and 4; take a Gatehouse as new as your Pulumi$/,
    ],
    [
      "a resource of another shape",
      changed(EXPORT, ({ deployment }) => {
        (deployment.resources as unknown[])[7] = { name: "x" };
      }),
      /^f\.json: deployment\.resources\[7\]: has no urn; /,
    ],
    [
      "resources by name",
      changed(EXPORT, ({ deployment }) => {
        deployment.resources = {};
      }),
      /^f\.json: deployment\.resources: not a list; /,
    ],
    ["steps of another shape", '{"steps": [{"op": "same"}]}', /^f\.json: steps\[0\]: has no urn; /],
    [
      "a plan of another shape",
      '{"resourcePlans": {"urn:pulumi:dev::gatehouse::t::n": {}}}',
      /^f\.json: resourcePlans: a resource has no steps; /,
    ],
    [
      "the summary of an update",
      '{"result":"succeeded","duration":78916358480,"summary":{"same":70}}\n',
      /^f\.json: a summary of `--output json` or `--summary`, which names no resources; /,
    ],
    [
      "a plan with shown secrets",
      PLAN.replace(/"ciphertext": "[^"]*"/, '"plaintext": "\\"hunter2\\""'),
      /shows secrets in clear/,
    ],
  ])("is refused with its place: %s", (_title, text, says) => {
    expect(() => readSnapshot(text, "f.json")).toThrow(says);
    expect(() => readSnapshot(text, "f.json")).not.toThrow(/hunter2/);
  });

  it("takes format 4 of an export, which newer releases write", () => {
    const newer = EXPORT.replace('"version": 3', '"version": 4').replace(
      '"deployment": {',
      '"features": ["refreshBeforeUpdate"],\n "deployment": {',
    );
    expect(findDocument(newer, "f.json").kind).toBe("export");
  });

  it.each([
    [
      "without the state that it starts from",
      undefined,
      /^after: this plan holds only differences.*`pulumi stack export`, as --before$/,
    ],
    ["from another state", "real/widen.export.json", /^after: this preview does not start from the state in before/],
  ])("refuses a plan %s", (_title, before, says) => {
    expect(() =>
      buildReport({
        title: "x",
        ...(before === undefined ? {} : { before: readSnapshot(file(before), "before") }),
        after: readSnapshot(PLAN, "after"),
      }),
    ).toThrow(says);
  });
});
