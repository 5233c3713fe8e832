import fc from "fast-check";
import { hidesSecrets, readEmbeddedPolicy } from "../../../gate/policy/embed";
import { AUDIT } from "../../../cli/assess/audit";
import { CLOUDFLARE, differences, scheduleProblems } from "../../../cli/assess/cloudflare";
import { QUESTIONS, type Assessment } from "../../../cli/assess/assess";
import { assessContext } from "../../../cli/live/context";
import { atLeast, declaredRules } from "../../../cli/assess/liveRulesets";
import { ownerGaps, readCodeOwners } from "../../../cli/assess/owners";
import { gitHubReader, Reader } from "../../../cli/live/reader";
import { renderMarkdown, renderSarif, renderText } from "../../../cli/assess/render";
import { covers } from "../../../cli/assess/token";
import { CONTROLS } from "../../../infra/plans/controls";
import { codeOwnersText, ownerRules, rulesets } from "../../../infra/plans";
import { chainLine, entryText, GENESIS, type AuditEntry } from "../../../gate/policy/audit";
import { EMBEDDED_POLICY, HIDDEN_SECRETS, embed, embedPolicy } from "../../../gate/policy/embed";
import { compilePolicy } from "../../../infra/plans/gatePolicy";
import { ambientEffects, type Effects, type Fetch } from "../../../rotation/effects";
import { environment } from "../../support/environment";

const posture = environment();
const effects = (fetcher: Fetch): Effects => ({
  ...ambientEffects(() => undefined, fetcher),
  sleep: () => Promise.resolve(),
});
const answer = (status: number, body: string, headers: Record<string, string> = {}): Awaited<ReturnType<Fetch>> => ({
  status,
  headers: { get: (name) => headers[name] ?? null },
  text: () => Promise.resolve(body),
});

describe("the schedules of a script", () => {
  it("names what is missing and what nobody declared, each with its remedy", () => {
    const again =
      "`pulumi up --target-replace` with the URN of its cron trigger (`pulumi stack --show-urns`) sets its schedules again";
    expect(scheduleProblems(["*/5 * * * *"], [])).toEqual([`*/5 * * * * does not start it; ${again}`]);
    expect(scheduleProblems(["*/5 * * * *"], ["0 3 * * *"])).toEqual([
      `*/5 * * * * does not start it; ${again}`,
      `0 3 * * * starts it, which is not declared; ${again}`,
    ]);
    expect(scheduleProblems([], ["0 3 * * *"])).toEqual([
      "0 3 * * * starts it, which is not declared; no resource declares one: delete it at Cloudflare",
    ]);
  });

  it("finds nothing exactly when both name the same", () => {
    const crons = fc.uniqueArray(fc.constantFrom("*/5 * * * *", "0 3 * * *", "17 * * * *", "* * * * *"));
    fc.assert(
      fc.property(crons, crons, (declared, standing) => {
        const same = [...declared].sort().join() === [...standing].sort().join();
        expect(scheduleProblems(declared, standing).length === 0).toBe(same);
      }),
    );
  });
});

describe("the reader", () => {
  it("sends GET and HEAD alone, and a POST only where that is a question", async () => {
    const sent: string[] = [];
    const reader = new Reader({
      effects: effects(async (url, { method }) => {
        sent.push(`${method} ${url}`);
        return answer(200, "{}");
      }),
      system: "GitHub",
      base: "https://x",
      postable: ["/graphql"],
    });
    await Promise.all([
      reader.get("/a"),
      reader.get("/a"),
      reader.head("/a"),
      reader.ask("/graphql", { query: "query { a }" }),
    ]);
    expect(sent.sort()).toEqual(["GET https://x/a", "HEAD https://x/a", "POST https://x/graphql"]);
    expect(() => reader.ask("/repos/a/b/issues", {})).toThrow("could change something");
  });

  it("asks GraphQL for queries alone", () => {
    const github = gitHubReader(
      effects(async () => answer(200, "{}")),
      { api: "https://x", graphql: "https://x/graphql" },
      "t",
    );
    for (const query of ["mutation { a }", "query { a } mutation { b }", "subscription { a }", "{ a }"])
      expect(() => github.graphql({ query, variables: {} })).toThrow("only queries");
  });

  it("reads every page, and follows no page to another host", async () => {
    const pages: Record<string, [string, string | undefined]> = {
      "https://x/list?per_page=100": ['[{"a":1}]', '<https://x/list?per_page=100&page=2>; rel="next"'],
      "https://x/list?per_page=100&page=2": ['[{"a":2}]', '<https://evil/list?page=3>; rel="next"'],
    };
    const reader = new Reader({
      effects: effects(async (url) => {
        const [body, link] = pages[url] ?? ["[]", undefined];
        return answer(200, body, link === undefined ? {} : { link });
      }),
      system: "GitHub",
      base: "https://x",
    });
    expect((await reader.list("/list")).items).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it("never asks more at once than it may, whatever comes back", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(200, 404, 500), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        async (statuses, atOnce) => {
          let running = 0;
          let most = 0;
          const reader = new Reader({
            atOnce,
            system: "GitHub",
            base: "https://x",
            effects: effects(async (url) => {
              most = Math.max(most, ++running);
              await new Promise((resume) => {
                setImmediate(resume);
              });
              running--;
              return answer(statuses[Number(url.slice("https://x/".length))] ?? 200, "{}");
            }),
          });
          const heard = await Promise.all(statuses.map((_, i) => reader.get(`/${i}`)));
          expect(most).toBeLessThanOrEqual(atOnce);
          expect(heard.map(({ call }) => call.status)).toEqual(statuses.map((status) => (status === 500 ? 0 : status)));
        },
      ),
      { numRuns: 30 },
    );
  });

  it("waits when GitHub asks it to", async () => {
    const waits: number[] = [];
    let asked = 0;
    const reader = new Reader({
      system: "GitHub",
      base: "https://x",
      effects: {
        ...effects(async () => (++asked === 1 ? answer(403, "{}", { "retry-after": "3" }) : answer(200, "{}"))),
        sleep: (ms) => {
          waits.push(ms);
          return Promise.resolve();
        },
      },
    });
    expect((await reader.get("/a")).call.status).toBe(200);
    expect(waits).toEqual([3000]);
  });
});

describe("rules", () => {
  const api = posture.repositories[0]!;
  const ids = new Map([["security", 7]]);
  it("are declared in GitHub's words", () => {
    const rules = rulesets(posture, api).flatMap((plan) => declaredRules(plan.rules, ids));
    expect(rules.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        "creation",
        "update",
        "deletion",
        "non_fast_forward",
        "pull_request",
        "required_status_checks",
        "file_path_restriction",
      ]),
    );
    expect(rules.find(({ type }) => type === "required_status_checks")?.parameters).toEqual({
      strict_required_status_checks_policy: true,
      required_status_checks: [{ context: "ci", integration_id: 15368 }],
    });
  });
  it("name required reviewers by id, where GitHub has no push rules", () => {
    const open = environment({
      repositories: [{ name: "api", access: "write", visibility: "public", reviewers: ["backend"] }],
    });
    const rule = rulesets(open, open.repositories[0]!)
      .flatMap((plan) => declaredRules(plan.rules, ids))
      .find(({ type }) => type === "pull_request");
    const reviewers = rule?.parameters.required_reviewers as {
      reviewer: unknown;
      file_patterns: string[];
      minimum_approvals: number;
    }[];
    expect(reviewers[0]).toMatchObject({ reviewer: { id: 7, type: "Team" }, minimum_approvals: 1 });
    const standing = {
      ...rule!.parameters,
      required_reviewers: [
        {
          ...reviewers[0]!,
          minimum_approvals: 2,
          file_patterns: [...reviewers[0]!.file_patterns, "/more/**"].reverse(),
        },
      ],
    };
    expect(atLeast(rule!.parameters, standing)).toBe(true);
    expect(
      atLeast(rule!.parameters, {
        ...standing,
        required_reviewers: [{ ...reviewers[0]!, reviewer: { id: 8, type: "Team" } }],
      }),
    ).toBe(false);
    expect(
      atLeast(rule!.parameters, { ...standing, required_reviewers: [{ ...reviewers[0]!, minimum_approvals: 0 }] }),
    ).toBe(false);
  });
  it("hold when they are as declared or stricter, never when weaker", () => {
    fc.assert(
      fc.property(
        fc.nat(6),
        fc.nat(6),
        fc.boolean(),
        fc.array(fc.string(), { maxLength: 4 }),
        fc.array(fc.string(), { maxLength: 4 }),
        (declared, standing, flag, paths, more) => {
          expect(atLeast({ n: declared }, { n: standing })).toBe(standing >= declared);
          expect(atLeast({ on: true }, { on: flag })).toBe(flag);
          expect(atLeast({ paths }, { paths: [...more, ...paths], other: 1 })).toBe(true);
          expect(atLeast({ paths: [...paths, "never-there"] }, { paths: more })).toBe(
            more.includes("never-there") && paths.every((path) => more.includes(path)),
          );
        },
      ),
    );
  });
});

describe("CODEOWNERS", () => {
  const api = posture.repositories[0]!;
  const text = codeOwnersText(posture, api, { text: "* @acme/backend\n/lib/ @acme/other # theirs" });
  const gaps = (content: string): string[] => ownerGaps(ownerRules(posture, api), content, "acme");
  it("decides as declared, also with lines of the repository's own, in any case of letters", () => {
    expect(gaps(text)).toEqual([]);
    expect(gaps(text.replaceAll("@acme/security", "@Acme/Security"))).toEqual([]);
  });
  it.each([
    ["a line behind the last one", (t: string) => `${t}/src/ @acme/backend\n`],
    ["the last line is gone", (t: string) => t.trimEnd().split("\n").slice(0, -1).join("\n")],
    ["another owner of the last line", (t: string) => t.replace(/(\/\.github\/CODEOWNERS).*/, "$1 @acme/backend")],
    ["a second owner of the last line", (t: string) => t.replace(/(\/\.github\/CODEOWNERS.*)/, "$1 @acme/backend")],
    ["a comment takes the owner away", (t: string) => t.replace(/(\/\.github\/CODEOWNERS) /, "$1 # ")],
    ["everything has another owner", (t: string) => t.replace(/^\* .*/m, "* @acme/other")],
    ["an empty file", () => ""],
  ])("does not: %s", (_, change) => {
    expect(gaps(change(text))).not.toEqual([]);
  });
  it("reads lines without comments", () => {
    expect(readCodeOwners("# a\n\n* @a @b # c\n  /x/ \r\n")).toEqual([
      { pattern: "*", owners: ["@a", "@b"] },
      { pattern: "/x/", owners: [] },
    ]);
  });
});

describe("Vault's paths", () => {
  it.each([
    ["agents/data/github/bot", true],
    ["agents/data/*", true],
    ["agents/+/github/bot", true],
    ["agents/data/github/bo*", true],
    ["*", true],
    ["+/+/+/+", true],
    ["agents/*", true],
    ["agents/data/github", false],
    ["agents/data/github/bot/more", false],
    ["agents/metadata/*", false],
    ["agents/+", false],
    ["agents/data/+/other", false],
    ["agents/data/github/bott*", false],
  ])("%s covers agents/data/github/bot: %s", (pattern, expected) => {
    expect(covers(pattern, "agents/data/github/bot")).toBe(expected);
  });
});

describe("the deployed policy", () => {
  const policy = compilePolicy(posture, {
    repositories: [{ name: "api", id: 1, nodeId: "R_1" }],
    endpoints: { api: "https://api.github.com", graphql: "https://api.github.com/graphql", git: "https://github.com" },
  });
  it("is read back from the module, and differs nowhere", () => {
    const read = readEmbeddedPolicy(`--x\r\n\r\n${embedPolicy("export default {};\n", policy)}\r\n--x--`);
    expect(differences(JSON.parse(JSON.stringify(policy)), read)).toEqual([]);
    expect(readEmbeddedPolicy("export default {};")).toBeUndefined();
  });
  it("tells a gate whose keys stand in clear in the state: one that an older version deployed", () => {
    expect(hidesSecrets(embedPolicy("export default {};\n", policy))).toBe(true);
    expect(hidesSecrets(`--x\r\n\r\n${embedPolicy("export default {};\n", policy)}\r\n--x--`)).toBe(true);
    expect(hidesSecrets(embed("export default {};\n", EMBEDDED_POLICY, policy))).toBe(false);
    expect(hidesSecrets(embed("export default {};\n", EMBEDDED_POLICY, { text: `};\n${HIDDEN_SECRETS}\n` }))).toBe(
      false,
    );
    expect(hidesSecrets("")).toBe(false);
  });
  it("tells each difference by its place", () => {
    const read = JSON.parse(JSON.stringify(policy)) as {
      mode: unknown;
      limits: Record<string, number>;
      routes: { read: string[] };
    };
    read.mode = { kind: "observe", until: "2030-01-01" };
    read.limits.maxPushBytes = 1;
    read.routes.read.push("gists.create");
    expect(differences(JSON.parse(JSON.stringify(policy)), read)).toEqual([
      'routes.read has "gists.create" too',
      "limits.maxPushBytes is 1, declared 10485760",
      'mode.kind is "observe", declared "enforce"',
      'mode.until is "2030-01-01", declared nothing',
    ]);
  });
});

describe("what the sandbox cannot show", () => {
  const entry = (decision: AuditEntry["decision"]): AuditEntry => ({
    ts: "2026-06-15T12:00:00.000Z",
    agent: "agent",
    requestId: "r",
    clientIp: "",
    method: "GET",
    path: "/",
    route: "",
    repository: "",
    decision,
    reason: "",
    status: 200,
    bytesIn: 0,
    bytesOut: 0,
    ms: 1,
    tokenSha256: "",
    findings: [],
  });
  const trail = async (decisions: AuditEntry["decision"][]): Promise<{ text: string; head: string }> => {
    let hash = GENESIS;
    const lines: string[] = [];
    for (const [i, decision] of decisions.entries()) {
      const made = await chainLine(i + 1, entryText(entry(decision)), hash);
      lines.push(made.line);
      hash = made.hash;
    }
    return { text: lines.join("\n"), head: `${decisions.length} ${hash}` };
  };
  const failsOf = async (question: string, decisions: AuditEntry["decision"][], head?: string): Promise<string> => {
    const { text, head: own } = await trail(decisions);
    const context = await assessContext(
      "test",
      posture,
      { GATEHOUSE_GATE_URL: "https://gate", GATEHOUSE_OPERATOR_KEY: "gop_x" },
      { effects: effects(async () => answer(200, text, { "x-gatehouse-audit-head": head ?? own })) },
    );
    return (await QUESTIONS.find(({ id }) => id === question)!.ask(context))[0]!.result;
  };
  it("an isolate's records are missing", async () => {
    expect(await failsOf("audit-gaps", ["allow", "gap", "allow"])).toBe("fail");
    expect(await failsOf("audit-chain", ["allow", "gap", "allow"])).toBe("pass");
    expect(await failsOf("audit-gaps", ["allow", "allow"])).toBe("pass");
  });
  it("the newest records are held back", async () => {
    expect(await failsOf("audit-chain", ["allow", "allow"], `3 ${"0".repeat(64)}`)).toBe("fail");
    expect(await failsOf("audit-chain", ["allow", "allow"], `2 ${"0".repeat(64)}`)).toBe("fail");
    expect(await failsOf("audit-chain", ["allow", "allow"])).toBe("pass");
  });
  it("the request of the assessment itself has no record", async () => {
    const { text, head } = await trail(["allow"]);
    const context = await assessContext(
      "test",
      posture,
      { GATEHOUSE_GATE_URL: "https://gate", GATEHOUSE_OPERATOR_KEY: "gop_x", GATEHOUSE_GATE_KEY: "ghk_x" },
      {
        effects: effects(async (url) =>
          url.includes("/_gate/audit")
            ? answer(200, text, { "x-gatehouse-audit-head": head })
            : answer(403, "{}", { "x-gatehouse-request-id": "lost" }),
        ),
      },
    );
    expect((await AUDIT.find(({ id }) => id === "audit-fresh")!.ask(context))[0]!.result).toBe("fail");
  }, 15_000);
  it("the gate holds what mints tokens", async () => {
    const app = environment({
      agent: { machineUser: "claude-bot", credential: { kind: "app-installation", appId: 1, installationId: 1 } },
    });
    const ask = async (names: string[]): Promise<string> => {
      const context = await assessContext(
        "test",
        app,
        { CLOUDFLARE_API_TOKEN: "x" },
        {
          effects: effects(async () =>
            answer(200, JSON.stringify({ result: { bindings: names.map((name) => ({ name, type: "secret_text" })) } })),
          ),
        },
      );
      return (await CLOUDFLARE.find(({ id }) => id === "rotator-apart")!.ask(context))[0]!.result;
    };
    expect([await ask(["TOKEN_KEY"]), await ask(["TOKEN_KEY", "ROTATOR_KEY"])]).toEqual(["pass", "fail"]);
  });
});

describe("what is written", () => {
  const assessment: Assessment = {
    stack: "prod",
    organization: "acme",
    at: "2026-06-15T12:00:00.000Z",
    holds: false,
    counts: { pass: 1, fail: 1, "cannot tell": 1 },
    answers: (["pass", "fail", "cannot tell"] as const).map((result) => ({
      question: `q-${result}`,
      section: "review",
      title: "A title",
      subject: "acme/api",
      result,
      reason: "a | reason <b>\n`x`",
      calls: [{ system: "GitHub", method: "GET", path: "/repos/acme/api", status: 200 }],
      controls: ["CIS-1"],
    })),
  };
  it("is SARIF 2.1.0: kinds and levels agree, every result has its rule, place, and calls", () => {
    const {
      version,
      runs: [run],
    } = JSON.parse(renderSarif(assessment)) as {
      version: string;
      runs: {
        tool: { driver: { name: string; rules: { id: string }[] } };
        results: {
          ruleId: string;
          ruleIndex: number;
          kind: string;
          level: string;
          message: { text: string };
          locations: unknown[];
          properties: { calls: string[] };
        }[];
      }[];
    };
    expect(version).toBe("2.1.0");
    expect(run!.results.map(({ kind, level }) => [kind, level])).toEqual([
      ["pass", "none"],
      ["fail", "error"],
      ["open", "none"],
    ]); // 3.27.10: a level beside "none" belongs to kind "fail"
    for (const { ruleId, ruleIndex, message, locations, properties } of run!.results) {
      expect(run!.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
      expect([typeof message.text, locations.length]).toEqual(["string", 1]);
      expect(properties.calls).toEqual(["GitHub: GET /repos/acme/api 200"]);
    }
  });
  it("stands on lines of its own, and in cells of its own", () => {
    expect(
      renderMarkdown(assessment)
        .split("\n")
        .filter((line) => /^\| (pass|\*\*fail|cannot)/.test(line))
        .map((line) => line.split(" | ").length),
    ).toEqual([6, 6, 6]);
    expect(renderText(assessment)).toContain("1 hold, 1 fails, 1 cannot be told.");
    expect(renderText(assessment)).not.toContain("<b>\n");
  });
  it("gives evidence for controls that the posture speaks of, and for most of them", () => {
    const named = new Set(
      QUESTIONS.flatMap(({ controls = [] }) => controls).filter((id) => /^(?:CIS|Scorecard)/.test(id)),
    );
    const known = CONTROLS.map(({ id }) => id);
    expect([...named].filter((id) => !known.includes(id))).toEqual([]);
    // Inactive branches are nobody's; signatures and linear history are asked with the rules where they are declared.
    expect(known.filter((id) => !named.has(id))).toEqual(["CIS 1.1.8", "CIS 1.1.12", "CIS 1.1.13"]);
  });
  it("names every question once", () => {
    const ids = QUESTIONS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
