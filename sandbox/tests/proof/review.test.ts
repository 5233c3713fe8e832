import { setDraft } from "../../github/domain/pulls";
import { FENCE, onboard, standIn, type Caller, type StandIn } from "../github/support/standin";

const b64 = (text: string): string => Buffer.from(text).toString("base64");

/** Merging, with every rule of a default branch in force and each of them missing once. */
describe("what a pull request needs to be merged", () => {
  let s: StandIn;
  let bot: Caller;
  let one: Caller;
  let two: Caller;
  let security: Caller;
  let count = 0;
  const REVIEW = {
    required_approving_review_count: 2,
    require_code_owner_review: true,
    dismiss_stale_reviews_on_push: true,
    require_last_push_approval: true,
    required_review_thread_resolution: true,
  };
  const CHECKS = {
    strict_required_status_checks_policy: true,
    required_status_checks: [{ context: "ci", integration_id: 15368 }],
  };

  beforeAll(async () => {
    s = await standIn();
    ({ bot } = await onboard(s));
    [one, two, security] = (await Promise.all(
      ["reviewer-one", "reviewer-two", "security-one"].map((login) =>
        s.as({ login, kind: "classic", scopes: ["repo", "workflow"] }),
      ),
    )) as [Caller, Caller, Caller];
    await s.admin("PUT", "/repos/acme/api/contents/.github/CODEOWNERS", {
      message: "owners",
      content: b64("* @acme/backend\n/secure/ @acme/security\n/free/\n"),
      branch: "main",
    });
    const people = (await s.admin("GET", "/orgs/acme/teams")).body as { id: number; slug: string }[];
    await s.admin("POST", "/repos/acme/api/rulesets", {
      ...FENCE,
      bypass_actors: [
        ...FENCE.bypass_actors,
        ...["backend", "security"].map((slug) => ({
          actor_id: people.find((t) => t.slug === slug)!.id,
          actor_type: "Team",
          bypass_mode: "pull_request",
        })),
      ],
    });
    await s.admin("POST", "/repos/acme/api/rulesets", {
      name: "review",
      target: "branch",
      enforcement: "active",
      bypass_actors: [],
      conditions: { ref_name: { include: ["~DEFAULT_BRANCH"], exclude: [] } },
      rules: [
        { type: "pull_request", parameters: REVIEW },
        { type: "required_status_checks", parameters: CHECKS },
        { type: "deletion" },
        { type: "non_fast_forward" },
      ],
    });
  }, 60_000);
  afterAll(() => s.stop());

  async function propose(path = "src/new.js"): Promise<{ number: number; branch: string }> {
    const branch = `claude/change-${(count += 1)}`;
    const head = (await bot("GET", "/repos/acme/api/git/ref/heads/main")).body.object.sha as string;
    await bot("POST", "/repos/acme/api/git/refs", { ref: `refs/heads/${branch}`, sha: head });
    const put = await bot("PUT", `/repos/acme/api/contents/${path}`, {
      message: "work",
      content: b64(`// ${count}\n`),
      branch,
    });
    expect(put.status).toBe(201);
    const made = await bot("POST", "/repos/acme/api/pulls", {
      title: `Change ${count}`,
      head: branch,
      base: "main",
      draft: true,
    });
    expect([made.status, made.body.draft, made.body.mergeable_state]).toEqual([201, true, "draft"]);
    return { number: made.body.number as number, branch };
  }
  /** Only GraphQL takes a draft out of that state; here the door behind it is used. */
  const ready = async (number: number): Promise<void> => {
    const repo = s.gh.world.repoByName("acme", "api")!;
    await setDraft(s.gh.world, repo, repo.issues.get(number)!, false, s.gh.world.userByLogin("reviewer-one")!.id);
  };
  const approve = (by: Caller, number: number) =>
    by("POST", `/repos/acme/api/pulls/${number}/reviews`, { event: "APPROVE" });
  const merge = (by: Caller, number: number) =>
    by("PUT", `/repos/acme/api/pulls/${number}/merge`, { merge_method: "squash" });
  const again = async (by: Caller, branch: string, path = "src/more.js"): Promise<void> => {
    await by("PUT", `/repos/acme/api/contents/${path}`, { message: "more", content: b64("more\n"), branch });
  };

  it("passes with two approvals of owners and a green check, for somebody who may update the branch", async () => {
    const { number } = await propose();
    await ready(number);
    await approve(one, number);
    await approve(two, number);
    expect((await bot("GET", `/repos/acme/api/pulls/${number}`)).body).toMatchObject({
      mergeable: true,
      mergeable_state: "clean",
    });
    const merged = await merge(one, number);
    expect([merged.status, merged.body.merged]).toEqual([200, true]);
    expect((await bot("GET", "/repos/acme/api/contents/src/new.js")).status).toBe(200);
  });

  it.each<[string, (number: number, branch: string) => Promise<unknown>, RegExp]>([
    ["an approval is missing", async (n) => approve(one, n), /At least 2 approving reviews/],
    [
      "the author's own opinion is the second",
      async (n) => {
        await approve(one, n);
        expect((await approve(bot, n)).status).toBe(422);
      },
      /At least 2 approving reviews/,
    ],
    [
      "an approval comes from somebody without write access",
      async (n) => {
        await approve(one, n);
        await s.admin("PUT", "/orgs/acme/memberships/other-admin", { role: "member" });
        const guest = await s.as({ login: "other-admin", kind: "classic", scopes: ["repo", "user"] });
        await guest("PATCH", "/user/memberships/orgs/acme", { state: "active" });
        await s.admin("PUT", "/repos/acme/api/collaborators/other-admin", { permission: "pull" });
        expect((await approve(guest, n)).status).toBe(200);
      },
      /At least 2 approving reviews/,
    ],
    [
      "a reviewer asks for changes",
      async (n) => {
        await approve(one, n);
        await approve(two, n);
        await security("POST", `/repos/acme/api/pulls/${n}/reviews`, { event: "REQUEST_CHANGES", body: "no" });
      },
      /Changes have been requested/,
    ],
    [
      "something was pushed after the approvals",
      async (n, branch) => {
        await approve(one, n);
        await approve(two, n);
        await again(bot, branch);
      },
      /At least 2 approving reviews/,
    ],
    [
      "a conversation is open",
      async (n) => {
        await approve(one, n);
        await approve(two, n);
        await one("POST", `/repos/acme/api/pulls/${n}/comments`, {
          body: "why?",
          path: "src/new.js",
          line: 1,
          side: "RIGHT",
        });
      },
      /conversation must be resolved/,
    ],
    [
      "the check fails",
      async (n) => {
        await approve(one, n);
        await approve(two, n);
        const { body } = await bot("GET", `/repos/acme/api/pulls/${n}`);
        await s.sandbox("POST", "/checks", { repo: "api", sha: body.head.sha, context: "ci", conclusion: "failure" });
      },
      /Required status check "ci" is failing/,
    ],
  ])("fails when %s", async (_name, arrange, message) => {
    const { number, branch } = await propose(`src/new-${count}.js`.replace("src/new-", "src/case-")).then(async (p) => {
      await ready(p.number);
      return p;
    });
    if (String(message).includes("conversation"))
      await bot("PUT", "/repos/acme/api/contents/src/new.js", {
        message: "x",
        content: b64("// other\n"),
        branch,
        sha: (await bot("GET", `/repos/acme/api/contents/src/new.js?ref=${branch}`)).body.sha,
      });
    await arrange(number, branch);
    const refused = await merge(one, number);
    expect([refused.status, refused.body.message]).toEqual([405, expect.stringMatching(message)]);
  });

  it("fails when the owners of a path have not looked, and passes when they have", async () => {
    const { number } = await propose("secure/key.js");
    await ready(number);
    expect((await bot("GET", `/repos/acme/api/pulls/${number}/requested_reviewers`)).body.teams).toEqual([
      expect.objectContaining({ slug: "security" }),
    ]);
    await approve(one, number);
    await approve(two, number);
    expect((await merge(one, number)).body.message).toMatch(/code owner review/);
    await approve(security, number);
    expect((await merge(one, number)).status).toBe(200);
  });

  it("is not for the machine user, whoever approved", async () => {
    const { number } = await propose("free/a.js");
    await ready(number);
    await approve(one, number);
    await approve(two, number);
    const refused = await merge(bot, number);
    expect([refused.status, refused.body.message]).toEqual([
      405,
      expect.stringMatching(/Cannot update this protected ref/),
    ]);
    expect((await merge(two, number)).status).toBe(200);
  });

  it("refuses drafts, and heads that moved", async () => {
    const { number } = await propose("free/b.js");
    expect((await merge(one, number)).body.message).toBe("Pull Request is still a draft");
    await ready(number);
    expect((await one("PUT", `/repos/acme/api/pulls/${number}/merge`, { sha: "0".repeat(40) })).status).toBe(409);
  });

  it("does not take a status set by a person for the check of an App", async () => {
    const { number } = await propose("free/c.js");
    await ready(number);
    await approve(one, number);
    await approve(two, number);
    const sha = (await bot("GET", `/repos/acme/api/pulls/${number}`)).body.head.sha as string;
    await s.sandbox("POST", "/checks", { repo: "api", sha, context: "ci", conclusion: "in_progress" });
    await one("POST", `/repos/acme/api/statuses/${sha}`, { state: "success", context: "ci" });
    expect((await merge(one, number)).body.message).toMatch(/"ci" is in progress/);
  });

  it("wants the head up to date where checks are strict, and update-branch makes it so", async () => {
    const { number } = await propose("free/d.js");
    await ready(number);
    const other = await propose("free/e.js");
    await ready(other.number);
    for (const n of [number, other.number]) {
      await approve(one, n);
      await approve(two, n);
    }
    expect((await merge(one, other.number)).status).toBe(200);
    expect((await bot("GET", `/repos/acme/api/pulls/${number}`)).body.mergeable_state).toBe("behind");
    expect((await merge(one, number)).body.message).toMatch(/out of date/);
    expect((await bot("PUT", `/repos/acme/api/pulls/${number}/update-branch`, {})).status).toBe(202);
    expect((await bot("GET", `/repos/acme/api/pulls/${number}`)).body.mergeable_state).toBe("blocked"); // stale approvals are gone
  });

  it("tells the machine user that it can bypass nothing, and which rules hold where", async () => {
    const list = (await bot("GET", "/repos/acme/api/rulesets")).body as { id: number }[];
    for (const { id } of list)
      expect((await bot("GET", `/repos/acme/api/rulesets/${id}`)).body).toMatchObject({
        current_user_can_bypass: "never",
      });
    expect((await bot("GET", `/repos/acme/api/rulesets/${list[0]!.id}`)).body).not.toHaveProperty("bypass_actors");
    const types = async (branch: string) =>
      ((await bot("GET", `/repos/acme/api/rules/branches/${branch}`)).body as { type: string }[])
        .map((r) => r.type)
        .sort();
    expect(await types("claude%2Ffix%2Fone")).toEqual([]);
    expect(await types("feature%2Fx")).toEqual(["creation", "deletion", "non_fast_forward", "update"]);
    expect(await types("main")).toEqual([
      "creation",
      "deletion",
      "deletion",
      "non_fast_forward",
      "non_fast_forward",
      "pull_request",
      "required_status_checks",
      "update",
    ]);
  });

  it("keeps the rules against the contents and git data API and releases too", async () => {
    expect(
      (await bot("PUT", "/repos/acme/api/contents/x", { message: "m", content: b64("x"), branch: "main" })).body
        .message,
    ).toMatch(/^Repository rule violations found/);
    const { object } = (await bot("GET", "/repos/acme/api/git/ref/heads/main")).body;
    expect(
      (await bot("POST", "/repos/acme/api/git/refs", { ref: "refs/heads/feature/x", sha: object.sha })).status,
    ).toBe(422);
    expect((await bot("POST", "/repos/acme/api/merges", { base: "main", head: "claude/change-1" })).status).not.toBe(
      201,
    );
    await s.admin("POST", "/repos/acme/api/rulesets", {
      name: "tags",
      target: "tag",
      enforcement: "active",
      bypass_actors: [],
      conditions: { ref_name: { include: ["~ALL"], exclude: [] } },
      rules: [{ type: "creation" }, { type: "update" }, { type: "deletion" }],
    });
    expect((await bot("POST", "/repos/acme/api/git/refs", { ref: "refs/tags/v5", sha: object.sha })).status).toBe(422);
    expect((await bot("POST", "/repos/acme/api/releases", { tag_name: "v5" })).status).toBe(422);
  });

  it("checks CODEOWNERS itself", async () => {
    expect((await bot("GET", "/repos/acme/api/codeowners/errors")).body).toEqual({ errors: [] });
    await s.admin("PUT", "/repos/acme/docs/contents/CODEOWNERS", {
      message: "owners",
      content: b64("* @acme/nobody\n[x] @acme/security\n"),
      branch: "main",
    });
    expect(
      (await bot("GET", "/repos/acme/docs/codeowners/errors")).body.errors.map(
        (e: { kind: string; line: number }) => `${e.line} ${e.kind}`,
      ),
    ).toEqual(["1 Unknown owner", "2 Invalid pattern"]);
  });
});

describe("branch protection", () => {
  let s: StandIn;
  let bot: Caller;
  beforeAll(async () => {
    s = await standIn();
    ({ bot } = await onboard(s));
  }, 60_000);
  afterAll(() => s.stop());
  const put = (by: Caller, branch = "main") =>
    by("PUT", `/repos/acme/api/contents/${branch}-${Math.random()}.txt`, { message: "m", content: b64("x"), branch });
  const protect = (change: Record<string, unknown> = {}) =>
    s.admin("PUT", "/repos/acme/api/branches/main/protection", {
      required_status_checks: null,
      enforce_admins: false,
      required_pull_request_reviews: null,
      restrictions: null,
      ...change,
    });

  it("asks for pull requests, of administrators only when it is enforced on them", async () => {
    await protect({ required_pull_request_reviews: { required_approving_review_count: 1 } });
    expect((await put(bot)).body.message).toMatch(/Protected branch update failed for refs\/heads\/main/);
    expect((await put(s.admin)).status).toBe(201);
    await s.admin("POST", "/repos/acme/api/branches/main/protection/enforce_admins");
    expect((await put(s.admin)).status).toBe(409);
  });
  it("keeps pushes to those it names", async () => {
    await protect({ restrictions: { users: ["reviewer-one"], teams: [] } });
    const one = await s.as({ login: "reviewer-one", kind: "classic", scopes: ["repo"] });
    expect([(await put(bot)).status, (await put(one)).status]).toEqual([409, 201]);
  });
  it("refuses deletion and force pushes of anybody, and everything when locked", async () => {
    await protect();
    const head = (await s.admin("GET", "/repos/acme/api/git/ref/heads/main")).body.object.sha as string;
    const parent = (await s.admin("GET", `/repos/acme/api/git/commits/${head}`)).body.parents[0].sha as string;
    expect(
      (await s.admin("PATCH", "/repos/acme/api/git/refs/heads/main", { sha: parent, force: true })).body.message,
    ).toMatch(/force-push/);
    await protect({ lock_branch: true, enforce_admins: true });
    expect((await put(s.admin)).body.message).toMatch(/locked branch/);
    await s.admin("DELETE", "/repos/acme/api/branches/main/protection");
    expect((await put(bot)).status).toBe(201);
  });
});
