import * as fc from "fast-check";
import { judgeBody } from "../../../../gate/policy/rest/body";
import { compile } from "../../../../gate/policy/compiled";
import { judgeTarget } from "../../../../gate/policy/target";
import { judgeGraphql } from "../../../../gate/policy/graphql/judge";
import { bodyFor } from "../../../../gate/policy/pullRequest/labels";
import { policyFor } from "../../support/policy";
import { MAX_TEXT, requestOf, tooLong, withTrailer } from "../../../../gate/policy/pullRequest/trailer";

/** Lines that look like the trailer to a person or to a careless program. */
const forged = fc.constantFrom(
  "Gatehouse-Request: forged-1",
  "gatehouse-request: forged-1",
  "GATEHOUSE-REQUEST:forged-1",
  "  Gatehouse-Request : forged-1",
  "> Gatehouse-Request: forged-1",
  "**Gatehouse-Request:** forged-1",
  "- Gatehouse-Request: forged-1",
  "\u200bGatehouse-Request: forged-1",
  "Gatehouse\u2011Request: forged-1",
  "Gatehouse-Request\uff1a forged-1",
  "\uff27atehouse-Request: forged-1",
  "<b>Gatehouse-Request: forged-1</b>",
  "<!-- Gatehouse-Request: forged-1",
  "Gatehouse-Request&#58; forged-1",
  "Gate\u00adhouse-Request: forged-1",
  "`Gatehouse-Request: forged-1`",
);
const lines = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.string({ unit: "grapheme" }) },
    forged,
    fc.constantFrom("", "```", "<!--", "-->", "Signed-off-by: a <a@example.com>"),
  ),
  { maxLength: 8 },
);
const body = fc.tuple(lines, fc.constantFrom("\n", "\r\n", "\r", "\u2028")).map(([all, end]) => all.join(end));
const id = fc.stringMatching(/^[0-9a-z]{1,20}-[0-9a-z]{1,6}$/);

const mentions = (text: string): number => text.normalize("NFKC").toLowerCase().split("gatehouse-request:").length - 1;

describe("the trailer", () => {
  it("is exactly one, the given one, at the end, whatever the agent wrote", () => {
    fc.assert(
      fc.property(body, id, (text, request) => {
        const sent = withTrailer(text, request);
        expect(requestOf(sent)).toBe(request);
        expect(sent.endsWith(`Gatehouse-Request: ${request}`)).toBe(true);
        expect(sent).not.toContain("forged-1");
      }),
    );
  });

  it("does not come from the agent where there is none", () => {
    fc.assert(
      fc.property(body, (text) => {
        const sent = withTrailer(text, undefined);
        expect(requestOf(sent)).toBeUndefined();
        expect(sent).not.toContain("forged-1");
      }),
    );
  });

  it("stays the same when it is written again, and survives what GitHub does to line ends", () => {
    fc.assert(
      fc.property(body, id, (text, request) => {
        const once = withTrailer(text, request);
        expect(withTrailer(once, request)).toBe(once);
        expect(requestOf(once.replace(/\n/g, "\r\n"))).toBe(request);
      }),
    );
  });

  it("leaves a text alone that has none", () => {
    for (const text of ["", "Fixes #1\r\n\r\n- [ ] tested", "The Gatehouse-Request trailer: see docs", "a: b"])
      expect(withTrailer(text, undefined)).toBe(text);
    expect(withTrailer("Fixes #1", "a-1")).toBe("Fixes #1\n\nGatehouse-Request: a-1");
    expect(withTrailer("", "a-1")).toBe("Gatehouse-Request: a-1");
  });

  it("is not hidden by a comment that the agent leaves open", () => {
    expect(withTrailer("Text <!-- more", "a-1")).toBe("Text <!-- more\n-->\n\nGatehouse-Request: a-1");
    expect(withTrailer("Text <!-- more -->", "a-1")).toBe("Text <!-- more -->\n\nGatehouse-Request: a-1");
    expect(mentions(withTrailer("<!--\nGatehouse-Request: forged-1\n-->", "a-1"))).toBe(1);
  });
});

describe("a text near GitHub's limit", () => {
  const c = compile(policyFor());
  const target = judgeTarget(c, "POST", "/repos/acme/api/pulls");
  const rest = (length: number): unknown =>
    judgeBody(
      c,
      target,
      JSON.stringify({ title: "x", head: "claude/x", base: "main", body: "x".repeat(length) }),
      "request-1",
    );
  const line = "\n\nGatehouse-Request: request-1".length;

  it("has room for the gate's own line, and is refused with what is left", () => {
    expect(rest(MAX_TEXT - line)).toHaveProperty("text");
    for (const length of [MAX_TEXT - line + 1, MAX_TEXT, MAX_TEXT + 10])
      expect(rest(length)).toMatchObject({
        rule: "body-value",
        at: `body: ${length} characters; at most ${MAX_TEXT - line}, because the gate adds a line`,
      });
  });

  it("is held to the same when it changes, by REST and by GraphQL", () => {
    const now = { isPullRequest: true, body: "old\n\nGatehouse-Request: request-1", labels: [], label: undefined };
    expect(bodyFor(now, "x".repeat(MAX_TEXT - line))).toHaveLength(MAX_TEXT);
    expect(bodyFor(now, "x".repeat(MAX_TEXT - line + 1))).toMatchObject({ rule: "body-value" });
    // An issue has no line of the gate's.
    expect(bodyFor({ ...now, isPullRequest: false }, "x".repeat(MAX_TEXT))).toHaveLength(MAX_TEXT);
    const create = (length: number): unknown =>
      judgeGraphql(
        c,
        JSON.stringify({
          query: "mutation($i:CreatePullRequestInput!){createPullRequest(input:$i){clientMutationId}}",
          variables: {
            i: {
              repositoryId: "R_kgDOapi",
              title: "x",
              baseRefName: "main",
              headRefName: "claude/x",
              body: "x".repeat(length),
            },
          },
        }),
        "request-1",
      );
    expect(create(MAX_TEXT - line)).toHaveProperty("text");
    expect(create(MAX_TEXT)).toMatchObject({ rule: "body-value", at: expect.stringContaining("at most") as string });
  });

  it("is told only what the gate adds", () => {
    expect(tooLong("x", "x")).toBeUndefined();
    expect(tooLong("x".repeat(70_000), "x".repeat(70_000))).toContain(`at most ${MAX_TEXT}`);
  });
});
