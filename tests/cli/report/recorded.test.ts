import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildReport, type Report } from "../../../cli/report/report";
import { renderHtml } from "../../../cli/report/render/html";
import { renderJson } from "../../../cli/report/render/json";
import { renderMarkdown } from "../../../cli/report/render/markdown";
import { renderSarif } from "../../../cli/report/render/sarif";
import { embedPolicy, type GatePolicy } from "../../../gate/policy";
import { readSnapshot } from "../../../cli/report/snapshot";
import { gatehouse } from "../../support/sandbox";
import { changed, digest, outputsIn, recorded, streamed, type Digest } from "./support/recorded";

const report = (before: string, after: string): Report =>
  buildReport({
    title: "Recorded",
    before: readSnapshot(before, "before.json"),
    after: readSnapshot(after, "after.json"),
  });
/** Verdicts as `kind id`, without the rules that come and go with write access to docs. */
const verdicts = ({ changes = [] }: Report): string[] =>
  changes
    .map(({ kind, id }) => `${kind} ${id}`)
    .filter((one) => !/^changed (?:(?:rule|owners|workflows)\/docs|protection\/.*-docs-)/.test(one));

const withoutConfig = (name: string): Digest => {
  const { config: _, ...rest } = digest(name);
  return rest;
};

/** The workflows that may sign in at Vault are those of another repository. */
const MOVED = ["auditor", "rotator"].flatMap((party) =>
  ["narrowed", "widened"].map((kind) => `${kind} sign-in/gatehouse-ci/${party}`),
);
const WIDENED = [
  "widened access/docs",
  "widened gate/limit/requestsPerMinute",
  "widened gate/repository/docs",
  ...MOVED,
];
const NARROWED = [
  "changed control/Scorecard tier 4",
  "narrowed access/docs",
  "narrowed control/CIS 1.1.3",
  "narrowed gate/limit/requestsPerMinute",
  "narrowed gate/repository/docs",
  "narrowed protection/gatehouse-fence-api-protection/approvals",
  "narrowed rule/api/branch ~DEFAULT_BRANCH/pullRequest",
];
const DISABLED = ["creation", "deletion", "nonFastForward", "update"].map(
  (rule) => `widened rule/api/branch ~ALL/${rule}`,
);

describe("what the real engine recorded", () => {
  it.each<[title: string, before: string, after: () => string, expected: string[]]>([
    ["a preview without changes", "1-create.export.json", () => recorded("2-same.preview.json"), []],
    ["the same with every resource", "1-create.export.json", () => recorded("2-same.preview-show-sames.json"), []],
    ["the same as a stream", "1-create.export.json", () => streamed(digest("2-same.preview-show-sames.json")), []],
    ["an export and itself", "1-create.export.json", () => recorded("1-create.export.json"), []],
    ["a preview that widens", "1-create.export.json", () => recorded("3-widen.preview.json"), WIDENED],
    ["the same as a stream", "1-create.export.json", () => streamed(digest("3-widen.preview.json")), WIDENED],
    [
      "the same as a stream with the new outputs",
      "1-create.export.json",
      () => streamed(digest("3-widen.preview.json"), { outputs: outputsIn("3-widen.export.json") }),
      WIDENED,
    ],
    [
      "the same as a stream with the new outputs and no configuration",
      "1-create.export.json",
      () => streamed(withoutConfig("3-widen.preview.json"), { outputs: outputsIn("3-widen.export.json") }),
      WIDENED,
    ],
    ["the state after it", "1-create.export.json", () => recorded("3-widen.export.json"), WIDENED],
    ["a preview that narrows", "3-widen.export.json", () => recorded("4-narrow.preview.json"), NARROWED],
    ["the same as a stream", "3-widen.export.json", () => streamed(digest("4-narrow.preview.json")), NARROWED],
    ["the state after it", "3-widen.export.json", () => recorded("4-narrow.export.json"), NARROWED],
    ["a refresh that finds drift", "4-narrow.export.json", () => recorded("5-drift.refresh.json"), DISABLED],
    ["the same as a stream", "4-narrow.export.json", () => streamed(digest("5-drift.refresh.json")), DISABLED],
  ])("%s (from %s)", (_title, before, after, expected) => {
    expect(verdicts(report(recorded(before), after())).sort()).toEqual([...expected].sort());
  });

  it("agrees in every word between a preview, its stream and the state that came of it", () => {
    const before = recorded("3-widen.export.json");
    const came = report(before, recorded("4-narrow.export.json"));
    expect(came.changes).toHaveLength(NARROWED.length + 22);
    for (const after of [recorded("4-narrow.preview.json"), streamed(digest("4-narrow.preview.json"))]) {
      const told = report(before, after);
      expect(told.changes).toEqual(came.changes);
      expect(told.facts).toEqual(came.facts);
      expect(told.resources.map(({ change, name }) => `${change} ${name}`)).toEqual(
        came.resources.map(({ change, name }) => `${change} ${name}`),
      );
    }
  });

  it("touches nothing where the preview touches nothing, and counts every resource", () => {
    for (const name of ["2-same.preview.json", "2-same.preview-show-sames.json"]) {
      const { resources } = report(recorded("1-create.export.json"), recorded(name));
      expect(resources.filter(({ change }) => change !== "same")).toEqual([]);
      expect(resources).toHaveLength(59);
    }
  });

  it("takes the first preview for a state of its own, before which nothing stood", () => {
    const first = report(recorded("6-destroy.export.json"), recorded("1-create.preview.json"));
    expect(new Set(first.changes?.map(({ kind, area }) => `${kind} ${area}`))).toEqual(
      new Set(
        ["access", "gate", "token"]
          .map((area) => `granted ${area}`)
          .concat(["audit", "gate", "review", "token"].map((area) => `changed ${area}`)),
      ),
    );
  });

  it("knows a repository that the state before does not know from the policy in the gate's module", () => {
    const policy = outputsIn("1-create.export.json").gatePolicy as GatePolicy;
    const withModule = changed("1-create.preview.json", ({ steps }) => {
      const script = steps.find(({ urn }) => urn.endsWith("::gatehouse-gate-script"))?.newState?.inputs;
      (script as { content: string }).content = embedPolicy("export default {};", policy);
    });
    const first = report(recorded("6-destroy.export.json"), withModule);
    expect(first.facts).toEqual(report(recorded("1-create.export.json"), recorded("1-create.export.json")).facts);
  });

  it("takes all power back in a destroy and calls no lock widened that goes with what it held", () => {
    const destroying = changed("2-same.preview-show-sames.json", (copy) => {
      copy.steps = copy.steps.map(({ urn, oldState }) => ({ op: "delete", urn, ...(oldState ? { oldState } : {}) }));
      copy.changeSummary = { delete: copy.steps.length };
    });
    for (const after of [destroying, recorded("6-destroy.export.json")]) {
      const gone = report(recorded("1-create.export.json"), after);
      expect(gone.facts).toEqual([]);
      expect(new Set(gone.changes?.map(({ kind }) => kind))).toEqual(new Set(["withdrawn", "changed"]));
      expect(verdicts(gone)).toContain("withdrawn access/api");
    }
  });

  it("takes none of Pulumi's own keys for a rule", () => {
    for (const name of ["1-create.export.json", "3-widen.export.json", "4-narrow.export.json"])
      expect(renderJson(report(recorded(name), recorded(name)))).not.toMatch(/__(?:defaults|meta|pulumi)/);
  });
});

describe("what a file cannot carry", () => {
  const EXPORT = recorded("1-create.export.json");
  const without = (key: "config" | "changeSummary"): string =>
    changed("3-widen.preview.json", (copy) => {
      delete copy[key];
    });

  it.each<[title: string, before: string, after: string, says: RegExp]>([
    [
      "a partial preview as the state before",
      recorded("2-same.preview.json"),
      EXPORT,
      /^before\.json: .*lists only what it changes.*`pulumi stack export`/,
    ],
    [
      "neither outputs nor configuration",
      EXPORT,
      without("config"),
      /^after\.json: .*PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true/,
    ],
    [
      "a secret where the configuration is needed",
      EXPORT,
      changed("3-widen.preview.json", (copy) => {
        copy.config!["gatehouse:gate"] = "[secret]";
      }),
      /^after\.json: .*PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true/,
    ],
    [
      "a preview that was stopped",
      EXPORT,
      without("changeSummary"),
      /^after\.json: this preview failed or was stopped.*`pulumi preview --json`/,
    ],
    [
      "a preview that failed",
      EXPORT,
      changed("3-widen.preview.json", (copy) => {
        copy.diagnostics = [{ message: "error: preview failed", severity: "error" }];
      }),
      /failed or was stopped/,
    ],
    [
      "a stream that failed",
      EXPORT,
      streamed(digest("3-widen.preview.json"), { result: "failed" }),
      /failed or was stopped/,
    ],
    [
      "a stream without its end",
      EXPORT,
      streamed(digest("3-widen.preview.json")).split("\n").slice(0, 40).join("\n"),
      /failed or was stopped/,
    ],
    [
      "a preview of another moment",
      EXPORT,
      recorded("4-narrow.preview.json"),
      /^after\.json: .*does not start from.*before\.json/,
    ],
    [
      "a preview that has been carried out",
      recorded("3-widen.export.json"),
      recorded("3-widen.preview.json"),
      /does not start from/,
    ],
    [
      "a preview from nothing",
      recorded("6-destroy.export.json"),
      recorded("2-same.preview.json"),
      /does not start from/,
    ],
    [
      "a preview of another stack",
      EXPORT.replaceAll("urn:pulumi:dev::", "urn:pulumi:prod::"),
      recorded("3-widen.preview.json"),
      /does not start from/,
    ],
    [
      "an export of another project",
      EXPORT,
      EXPORT.replaceAll("urn:pulumi:dev::gatehouse::", "urn:pulumi:dev::shop::"),
      /^after\.json: is of the project shop, and before\.json is of gatehouse; give two files of one project$/,
    ],
    [
      "an export of a stack without outputs",
      EXPORT,
      JSON.stringify({ deployment: { resources: [{ urn: "urn:pulumi:dev::gatehouse::t::n", type: "t" }] } }),
      /^after\.json: .*gatePolicy.*`pulumi up`/,
    ],
  ])("%s", (_title, before, after, says) => {
    expect(() => report(before, after)).toThrow(says);
  });
});

describe("the command", () => {
  const SECRET = "hunter2-planted-secret-value";
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "gatehouse-report-"));
  });
  afterAll(() => {
    rmSync(dir, { recursive: true });
  });
  const run = async (before: string | Buffer, after: string | Buffer, format = "json") => {
    writeFileSync(join(dir, "before.json"), before);
    writeFileSync(join(dir, "after.json"), after);
    const args = ["--before", join(dir, "before.json"), "--after", join(dir, "after.json"), "--format", format];
    const running = gatehouse(["report", ...args], { env: { NO_COLOR: "1" } });
    return { code: await running.exited, stdout: running.stdout(), stderr: running.stderr() };
  };

  it("reads a file with text around it, and one that PowerShell wrote", async () => {
    const noisy = `npm warn {"steps": [\n${recorded("3-widen.preview.json")}\nwarning: {done}\n`;
    for (const after of [noisy, Buffer.from(`\uFEFF${noisy.replaceAll("\n", "\r\n")}`, "utf16le")]) {
      const { code, stdout } = await run(recorded("1-create.export.json"), after);
      expect(code).toBe(0);
      expect(verdicts(JSON.parse(stdout) as Report).sort()).toEqual([...WIDENED].sort());
    }
  });

  it("ends with 2 and names the command to run, where a file does not suffice", async () => {
    const { code, stdout, stderr } = await run(recorded("2-same.preview.json"), recorded("1-create.export.json"));
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("`pulumi stack export`");
    expect(stderr).not.toContain("Unexpected");
  });

  it("shows nothing of what debug messages hold, whatever becomes of the file", async () => {
    const stream = streamed(digest("3-widen.preview.json"), { secret: SECRET });
    expect(stream).toContain(SECRET);
    const good = await run(recorded("1-create.export.json"), stream);
    expect(good.code).toBe(0);
    for (const broken of [
      stream.slice(0, 30_000),
      stream.replace('"resourcePreEvent":{', '"resourcePreEvent":'),
      `{"a": "${SECRET}`,
    ]) {
      const bad = await run(recorded("1-create.export.json"), broken);
      expect(bad.code).toBe(2);
      expect(bad.stdout + bad.stderr).not.toContain(SECRET);
    }
    const all = buildReport({
      title: "Recorded",
      before: readSnapshot(recorded("1-create.export.json"), "b"),
      after: readSnapshot(stream, "a"),
    });
    expect(JSON.stringify(readSnapshot(stream, "a"))).not.toContain(SECRET);
    for (const text of [renderJson(all), renderMarkdown(all), renderSarif(all), await renderHtml(all), good.stdout])
      expect(text).not.toContain(SECRET);
  });
});
