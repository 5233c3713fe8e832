import { applyOverride, parseStackFile, rawFromConfig, readStackFile } from "../../../infra/config";
import { PostureError } from "../../../infra/model";
import { TODAY } from "../../support/environment";

const FILE = "Pulumi.test.yaml";
const YAML = `
config:
  github:writeDelayMs: 0
  gatehouse:organization: acme
  gatehouse:agent: { machineUser: claude-bot, credential: { kind: personal-access-token } }
  gatehouse:repositories:
    - { name: api, access: read }
  gatehouse:review: { team: reviewers }
  gatehouse:tokenStore: { kind: kv }
  gatehouse:gate: { accountId: 0123456789abcdef0123456789abcdef }
  gatehouse:audit: { retentionDays: 90, sinks: [{ kind: r2, bucket: acme-audit }] }
  gatehouse:rotation: { everyDays: 30 }
`;
const parse = (overrides: string[] = []) => parseStackFile(YAML, FILE, overrides, { now: TODAY });

describe("a stack file", () => {
  it("gives the gatehouse keys alone", () => {
    expect(Object.keys(readStackFile(YAML, FILE))).toEqual([
      "organization",
      "agent",
      "repositories",
      "review",
      "tokenStore",
      "gate",
      "audit",
      "rotation",
    ]);
    expect(parse().organization).toBe("acme");
  });

  it.each([
    ["config: [", /^Pulumi\.test\.yaml: line 1, column \d+: not valid YAML; /],
    [
      "config:\n  gatehouse:a: 1\n  gatehouse:a: 2\n",
      /^Pulumi\.test\.yaml: line 3, column \d+: not valid YAML; Map keys must be unique/,
    ],
    ["- a", /^Pulumi\.test\.yaml: config: no configuration; /],
    ["config: 5", /^Pulumi\.test\.yaml: config: no configuration; /],
  ])("that cannot be read is refused with its place: %j", (text, message) => {
    expect(() => parseStackFile(text, FILE)).toThrow(PostureError);
    expect(() => parseStackFile(text, FILE)).toThrow(message);
  });

  it("without any configuration misses every required key", () => {
    expect(() => parseStackFile("", FILE)).toThrow(PostureError);
    expect(() => parseStackFile("config: {}", FILE)).toThrow(/gatehouse:organization: missing/);
  });
});

describe("an override", () => {
  it("changes one value, in the types that Pulumi gives it", () => {
    expect(parse(["gatehouse:gate.requestsPerMinute=5000"]).gate.requestsPerMinute).toBe(5000);
    expect(parse(["gatehouse:repositories[0].access=write"]).repositories[0]?.access).toBe("write");
    expect(
      parse(["gatehouse:repositories[1].name=docs", "gatehouse:repositories[1].access=read"]).repositories.map(
        (r) => r.name,
      ),
    ).toEqual(["api", "docs"]);
    expect(parse(["gatehouse:review.linearHistory=true"]).review.linearHistory).toBe(true);
    expect(parse(['gatehouse:review.requiredChecks=[{"context":"ci"}]']).review.requiredChecks).toEqual([
      { context: "ci", integrationId: 15368 },
    ]);
    expect(parse(["gatehouse:agent.name=a=b"].slice(1)).agent.name).toBe("agent");
  });

  it("keeps everything after the first equals sign", () => {
    const raw = {};
    applyOverride(raw, "gatehouse:audit.alertWebhook=https://a.dev/hook?x");
    applyOverride(raw, 'gatehouse:other["a.b"]=1=2');
    expect(raw).toEqual({ audit: { alertWebhook: "https://a.dev/hook?x" }, other: { "a.b": "1=2" } });
  });

  it("leaves what it was given untouched", () => {
    const shared = { requestsPerMinute: 1 };
    const raw = { gate: shared };
    applyOverride(raw, "gatehouse:gate.requestsPerMinute=2");
    expect(shared).toEqual({ requestsPerMinute: 1 });
    expect(raw.gate).toEqual({ requestsPerMinute: 2 });
  });

  it.each([
    "",
    "=5",
    "gatehouse:=5",
    "gatehouse:gate",
    "gatehouse:gate..x=1",
    "gatehouse:gate[=1",
    "gatehouse:gate[x]=1",
    "gatehouse:__proto__.x=1",
    "gatehouse:gate.constructor=1",
    "gatehouse:organization.x=1",
    "gatehouse:repositories.x=1",
    "gatehouse:repositories[7].name=x",
  ])("that cannot be read is refused: %j", (override) => {
    expect(() => parse([override])).toThrow(/^--config: cannot read /);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it("is validated like the file", () => {
    expect(() => parse(["gatehouse:gate.requestsPerMinute=many"])).toThrow(
      'gatehouse:gate.requestsPerMinute: "many" is not a number',
    );
  });
});

describe("the program's configuration", () => {
  it("reads JSON where it is JSON and text where it is text", () => {
    expect(
      rawFromConfig({
        "gatehouse:organization": "acme",
        "gatehouse:protect": "true",
        "gatehouse:repositories": '[{"name":"api"}]',
        "gatehouse:agent": "{broken",
        "github:owner": "x",
      }),
    ).toEqual({ organization: "acme", protect: true, repositories: [{ name: "api" }], agent: "{broken" });
  });
});
