import {
  addReview,
  addReviewComment,
  createPull,
  dismissReview,
  mayPropose,
  mergePull,
  pullFigures,
  requestReviewers,
  retarget,
  submitReview,
  updateBranch,
  type MergeMethod,
  type NewReviewComment,
  type ReviewEvent,
} from "../domain/pulls";
import { gitOf } from "../domain/refs";
import { setIssueState } from "../domain/issues";
import { created, noContent, ok, page, type Context } from "../http/context";
import { forbidden, HttpError, notFound } from "../http/errors";
import type { Need, Router } from "../http/router";
import { nodeId } from "../ids";
import { presentUserId, presentTeam } from "../present/accounts";
import { presentCommit, presentFile } from "../present/commits";
import { presentReaction } from "../present/issues";
import { presentFullPull, presentPull, presentReview, presentReviewComment } from "../present/pulls";
import type { Issue, Review, ReviewComment } from "../state";
import { atLeast } from "../world";
import { pullEvent } from "../domain/events";

const READ: Need = { permission: "pull_requests=read" };
const WRITE: Need = { role: "read", permission: "pull_requests=write" };

/** Pull requests, their reviews and comments, and merging. */
export function pullRoutes(router: Router): void {
  const full = async (c: Context, issue: Issue) =>
    presentFullPull(c.world, c.repo, issue, await pullFigures(c.world, c.repo, issue));
  router.on("GET", "/repos/{owner}/{repo}/pulls", READ, (c) => {
    const q = (name: string): string | null => c.query.get(name);
    const state = q("state") ?? "open";
    const list = [...c.repo.issues.values()].filter(
      (i) =>
        i.pull &&
        (state === "all" || i.state === state) &&
        (!q("base") || i.pull.baseRef === q("base")) &&
        (!q("head") ||
          `${c.world.ownerLogin(c.world.repos.get(i.pull.headRepositoryId) ?? c.repo)}:${i.pull.headRef}`.toLowerCase() ===
            q("head")!.toLowerCase()),
    );
    const by = q("sort") === "updated" ? (i: Issue) => i.updatedAt : (i: Issue) => i.createdAt;
    list.sort((a, b) => (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : a.number - b.number));
    if ((q("direction") ?? "desc") === "desc") list.reverse();
    return page(c, list, (i) => presentPull(c.world, c.repo, i));
  });
  router.on("POST", "/repos/{owner}/{repo}/pulls", WRITE, async (c) => {
    const [head, base] = [c.string("head", true), c.string("base", true)];
    const from = c.number("issue");
    const title = c.string("title") ?? (from === undefined ? undefined : c.repo.issues.get(from)?.title);
    if (title === undefined) throw new HttpError(422, 'Invalid request.\n\n"title" wasn\'t supplied.');
    const headRepository = c.string("head_repo");
    if (!head.includes(":") && !mayPropose(c.world, c.auth, c.repo))
      throw forbidden("Must have push access to Repository.");
    const issue = await createPull(c.world, c.repo, c.auth, {
      title,
      body: c.string("body") ?? null,
      head,
      base,
      draft: c.bool("draft") ?? false,
      maintainerCanModify: c.bool("maintainer_can_modify") ?? false,
      ...(headRepository ? { headRepository } : {}),
    });
    const body = await full(c, issue);
    return created(body, body.url);
  });
  router.on("GET", "/repos/{owner}/{repo}/pulls/{pull_number}", READ, async (c) => {
    const issue = pullOf(c);
    if (/application\/vnd\.github(?:\.v3)?\.(?:diff|patch)/.test(c.accept)) return diff(c, issue);
    return ok(await full(c, issue));
  });
  router.on("PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}", WRITE, async (c) => {
    const issue = pullOf(c);
    if (issue.userId !== c.me.id && !atLeast(c.role, "write")) throw forbidden("Must have push access to Repository.");
    if (c.string("title") !== undefined) issue.title = c.string("title")!;
    if (c.sent("body")) issue.body = c.string("body") ?? null;
    if (c.string("base") !== undefined) await retarget(c.world, c.repo, c.auth, issue, c.string("base")!);
    if (c.bool("maintainer_can_modify") !== undefined)
      issue.pull!.maintainerCanModify = c.bool("maintainer_can_modify")!;
    const state = c.oneOf("state", ["open", "closed"] as const);
    if (state && state !== issue.state) {
      if (issue.pull!.merged)
        throw new HttpError(422, "Validation Failed", {
          errors: [
            {
              resource: "PullRequest",
              code: "invalid",
              field: "state",
              message: "state cannot be changed. The pull request cannot be reopened.",
            },
          ],
        });
      setIssueState(c.world, c.repo, issue, state, c.me.id);
      pullEvent(c.world, c.repo, issue, state === "closed" ? "closed" : "reopened", c.me.id);
    }
    issue.updatedAt = c.world.clock.iso();
    return ok(await full(c, issue));
  });
  router.on("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/commits", READ, async (c) => {
    const { git, from, head } = await span(c, pullOf(c));
    const reply = page(c, (await git.log([`${from}..${head}`])).reverse(), (sha) => sha);
    return {
      ...reply,
      body: (await git.commits(reply.body as string[])).map((x) => presentCommit(c.world, c.repo, x)),
    };
  });
  router.on("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/files", READ, async (c) => {
    const { git, from, head } = await span(c, pullOf(c));
    return page(c, await git.diff(from, head), (f) => presentFile(c.world, c.repo, head, f));
  });
  router.on("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", READ, (c) => {
    if (!pullOf(c).pull!.merged) throw notFound();
    return noContent();
  });
  router.on(
    "PUT",
    "/repos/{owner}/{repo}/pulls/{pull_number}/merge",
    { role: "write", permission: "contents=write" },
    async (c) => {
      const method = c.oneOf("merge_method", ["merge", "squash", "rebase"] as const satisfies readonly MergeMethod[]);
      const [title, message, sha] = [c.string("commit_title"), c.string("commit_message"), c.string("sha")];
      const merged = await mergePull(c.world, c.repo, c.auth, pullOf(c), {
        ...(method ? { method } : {}),
        ...(title === undefined ? {} : { title }),
        ...(message === undefined ? {} : { message }),
        ...(sha === undefined ? {} : { sha }),
      });
      return ok({ sha: merged, merged: true, message: "Pull Request successfully merged" });
    },
  );
  router.on("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/update-branch", WRITE, async (c) => {
    const issue = pullOf(c);
    const expected = c.string("expected_head_sha");
    await updateBranch(c.world, c.repo, c.auth, issue, expected);
    return {
      status: 202,
      body: {
        message: "Updating pull request branch.",
        url: `${c.world.api}/repos/${c.world.fullName(c.repo)}/pulls/${issue.number}`,
      },
    };
  });

  router.on("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", READ, (c) => {
    const p = pullOf(c).pull!;
    return ok({
      users: p.requestedReviewerIds.map((id) => presentUserId(c.world, id)),
      teams: p.requestedTeamIds.map((id) => presentTeam(c.world, c.world.teams.get(id)!)),
    });
  });
  router.on(
    "POST",
    "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
    { role: "write", permission: "pull_requests=write" },
    (c) => {
      const issue = pullOf(c);
      requestReviewers(c.world, c.repo, issue, c.strings("reviewers") ?? [], c.strings("team_reviewers") ?? []);
      return created(presentPull(c.world, c.repo, issue));
    },
  );
  router.on(
    "DELETE",
    "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
    { role: "write", permission: "pull_requests=write" },
    (c) => {
      const issue = pullOf(c);
      const users = (c.strings("reviewers") ?? []).map((l) => c.world.userByLogin(l)?.id);
      const org = c.world.orgOf(c.repo);
      const teams = (c.strings("team_reviewers") ?? []).map((s) =>
        org ? c.world.teamBySlug(org.id, s)?.id : undefined,
      );
      issue.pull!.requestedReviewerIds = issue.pull!.requestedReviewerIds.filter((id) => !users.includes(id));
      issue.pull!.requestedTeamIds = issue.pull!.requestedTeamIds.filter((id) => !teams.includes(id));
      return ok(presentPull(c.world, c.repo, issue));
    },
  );
  reviews(router);
  reviewComments(router);
}

const EVENTS = ["APPROVE", "REQUEST_CHANGES", "COMMENT"] as const satisfies readonly ReviewEvent[];

function reviews(router: Router): void {
  const BASE = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews";
  router.on("GET", BASE, READ, (c) => {
    const issue = pullOf(c);
    return page(
      c,
      issue.pull!.reviews.filter((r) => r.state !== "PENDING" || r.userId === c.auth.user?.id),
      (r) => presentReview(c.world, c.repo, issue, r),
    );
  });
  router.on("POST", BASE, WRITE, async (c) => {
    const issue = pullOf(c);
    const event = c.oneOf("event", EVENTS);
    const commitId = c.string("commit_id");
    const comments = (
      (c.body["comments"] ?? []) as {
        path: string;
        body: string;
        line?: number;
        side?: "LEFT" | "RIGHT";
        start_line?: number;
        start_side?: "LEFT" | "RIGHT";
        position?: number;
      }[]
    ).map((x): NewReviewComment => ({
      path: x.path,
      body: x.body,
      line: x.line,
      side: x.side,
      startLine: x.start_line,
      startSide: x.start_side,
      position: x.position,
    }));
    return ok(
      presentReview(
        c.world,
        c.repo,
        issue,
        await addReview(c.world, c.repo, c.auth, issue, {
          ...(event ? { event } : {}),
          body: c.string("body") ?? "",
          ...(commitId ? { commitId } : {}),
          comments,
        }),
      ),
    );
  });
  router.on("GET", `${BASE}/{review_id}`, READ, (c) => {
    const [issue, r] = reviewOf(c);
    return ok(presentReview(c.world, c.repo, issue, r));
  });
  router.on("PUT", `${BASE}/{review_id}`, WRITE, (c) => {
    const [issue, r] = reviewOf(c);
    if (r.userId !== c.me.id) throw forbidden("Must have admin rights to Repository.");
    r.body = c.string("body", true);
    return ok(presentReview(c.world, c.repo, issue, r));
  });
  router.on("DELETE", `${BASE}/{review_id}`, WRITE, (c) => {
    const [issue, r] = reviewOf(c);
    if (r.state !== "PENDING") throw new HttpError(422, "Can not delete a non-pending pull request review");
    issue.pull!.reviews.splice(issue.pull!.reviews.indexOf(r), 1);
    return ok(presentReview(c.world, c.repo, issue, r));
  });
  router.on("GET", `${BASE}/{review_id}/comments`, READ, (c) => {
    const [issue, r] = reviewOf(c);
    return page(
      c,
      issue.pull!.reviewComments.filter((x) => x.reviewId === r.id),
      (x) => presentReviewComment(c.world, c.repo, issue, x),
    );
  });
  router.on("POST", `${BASE}/{review_id}/events`, WRITE, async (c) => {
    const [issue, r] = reviewOf(c);
    const event = c.oneOf("event", EVENTS);
    if (!event) throw new HttpError(422, 'Invalid request.\n\n"event" wasn\'t supplied.');
    if (issue.userId === c.me.id && event !== "COMMENT")
      throw new HttpError(422, "Unprocessable Entity", { errors: ["Can not approve your own pull request"] });
    await submitReview(c.world, c.repo, c.auth, issue, r, event, c.string("body"));
    return ok(presentReview(c.world, c.repo, issue, r));
  });
  router.on("PUT", `${BASE}/{review_id}/dismissals`, { role: "write", permission: "pull_requests=write" }, (c) => {
    const [issue, r] = reviewOf(c);
    dismissReview(c.world, c.repo, c.auth, issue, r, c.string("message", true));
    return ok(presentReview(c.world, c.repo, issue, r));
  });
}

function reviewComments(router: Router): void {
  router.on("GET", "/repos/{owner}/{repo}/pulls/comments", READ, (c) =>
    page(
      c,
      [...c.repo.issues.values()].flatMap((i) => (i.pull?.reviewComments ?? []).map((x) => [i, x] as const)),
      ([i, x]) => presentReviewComment(c.world, c.repo, i, x),
    ),
  );
  router.on("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/comments", READ, (c) => {
    const issue = pullOf(c);
    return page(c, issue.pull!.reviewComments, (x) => presentReviewComment(c.world, c.repo, issue, x));
  });
  router.on("POST", "/repos/{owner}/{repo}/pulls/{pull_number}/comments", WRITE, async (c) => {
    const issue = pullOf(c);
    const replyTo = c.number("in_reply_to");
    const first = replyTo === undefined ? undefined : issue.pull!.reviewComments.find((x) => x.id === replyTo);
    const commitId = c.string("commit_id");
    const made = await addReviewComment(c.world, c.repo, c.auth, issue, {
      path: c.string("path") ?? "",
      body: c.string("body", true),
      line: c.number("line"),
      side: c.oneOf("side", ["LEFT", "RIGHT"] as const),
      startLine: c.number("start_line"),
      startSide: c.oneOf("start_side", ["LEFT", "RIGHT"] as const),
      position: c.number("position"),
      subjectType: c.oneOf("subject_type", ["line", "file"] as const),
      ...(first ? { inReplyTo: first } : {}),
      ...(commitId ? { commitId } : {}),
    });
    const body = presentReviewComment(c.world, c.repo, issue, made);
    return created(body, body.url);
  });
  router.on("POST", "/repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies", WRITE, async (c) => {
    const issue = pullOf(c);
    const first = issue.pull!.reviewComments.find((x) => x.id === c.id("comment_id"));
    if (!first) throw notFound();
    return created(
      presentReviewComment(
        c.world,
        c.repo,
        issue,
        await addReviewComment(c.world, c.repo, c.auth, issue, {
          path: first.path,
          body: c.string("body", true),
          inReplyTo: first,
        }),
      ),
    );
  });
  router.on("GET", "/repos/{owner}/{repo}/pulls/comments/{comment_id}", READ, (c) => {
    const [i, x] = commentOf(c);
    return ok(presentReviewComment(c.world, c.repo, i, x));
  });
  router.on("PATCH", "/repos/{owner}/{repo}/pulls/comments/{comment_id}", WRITE, (c) => {
    const [i, x] = commentOf(c);
    mayEdit(c, x);
    Object.assign(x, { body: c.string("body", true), updatedAt: c.world.clock.iso() });
    return ok(presentReviewComment(c.world, c.repo, i, x));
  });
  router.on("DELETE", "/repos/{owner}/{repo}/pulls/comments/{comment_id}", WRITE, (c) => {
    const [i, x] = commentOf(c);
    mayEdit(c, x);
    i.pull!.reviewComments.splice(i.pull!.reviewComments.indexOf(x), 1);
    return noContent();
  });
  router.on("GET", "/repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions", READ, (c) =>
    page(c, commentOf(c)[1].reactions, (r) => presentReaction(c.world, r)),
  );
  router.on("POST", "/repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions", WRITE, (c) => {
    const [, x] = commentOf(c);
    const id = c.world.ids.next();
    const made = {
      id,
      nodeId: nodeId("reaction", c.repo.id, id),
      userId: c.me.id,
      content: c.string("content", true),
      createdAt: c.world.clock.iso(),
    };
    x.reactions.push(made);
    return created(presentReaction(c.world, made));
  });
}

function pullOf(c: Context): Issue {
  const issue = c.repo.issues.get(c.id("pull_number"));
  if (!issue?.pull) throw notFound();
  return issue;
}
function reviewOf(c: Context): [Issue, Review] {
  const issue = pullOf(c);
  const r = issue.pull!.reviews.find((x) => x.id === c.id("review_id"));
  if (!r) throw notFound();
  return [issue, r];
}
function commentOf(c: Context): [Issue, ReviewComment] {
  for (const i of c.repo.issues.values()) {
    const x = i.pull?.reviewComments.find((y) => y.id === c.id("comment_id"));
    if (x) return [i, x];
  }
  throw notFound();
}
function mayEdit(c: Context, x: ReviewComment): void {
  if (x.userId !== c.me.id && !atLeast(c.role, "write")) throw forbidden("Must have push access to Repository.");
}

/** From where the head left the base to the head. */
async function span(c: Context, issue: Issue) {
  const git = gitOf(c.repo);
  const pull = issue.pull!;
  const base = pull.merged ? pull.baseSha : ((await git.resolve(`refs/heads/${pull.baseRef}`)) ?? pull.baseSha);
  return { git, from: (await git.mergeBase(base, pull.headSha)) ?? pull.baseSha, head: pull.headSha };
}
async function diff(c: Context, issue: Issue) {
  const { git, from, head } = await span(c, issue);
  const patch = /patch/.test(c.accept);
  const raw = (
    await git.git(
      patch ? ["format-patch", "--stdout", "--no-signature", `${from}..${head}`] : ["diff", "--no-color", from, head],
    )
  ).stdout;
  return {
    status: 200,
    raw,
    headers: { "content-type": `application/vnd.github.v3.${patch ? "patch" : "diff"}; charset=utf-8` },
  };
}
