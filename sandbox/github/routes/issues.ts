import { addComment, addLabels, assignees, labelOf, openIssue, removeLabel, setIssueState } from "../domain/issues";
import { authorOf } from "../domain/pulls";
import { created, noContent, ok, page, type Context } from "../http/context";
import { forbidden, HttpError, invalid, notFound } from "../http/errors";
import type { Need, Router } from "../http/router";
import { nodeId } from "../ids";
import { presentUser } from "../present/accounts";
import {
  presentComment,
  presentIssue,
  presentIssueEvent,
  presentLabel,
  presentMilestone,
  presentReaction,
} from "../present/issues";
import type { Comment, Issue, Reaction, Repository } from "../state";
import { atLeast } from "../world";
import { allowedOn, roleOn } from "../permissions";

const READ: Need = { permission: "issues=read;pull_requests=read" };
/** Everybody who reads may write issues and comments. */
const WRITE: Need = { role: "read", permission: "issues=write;pull_requests=write" };
const TRIAGE: Need = { role: "triage", permission: "issues=write;pull_requests=write" };
const CONTENTS = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"] as const;

/** Issues, comments, labels, milestones and reactions. Pull requests take part as issues. */
export function issueRoutes(router: Router): void {
  router.on("GET", "/repos/{owner}/{repo}/issues", READ, (c) =>
    page(c, filtered(c, [...c.repo.issues.values()].reverse()), (i) => presentIssue(c.world, c.repo, i)),
  );
  router.on("POST", "/repos/{owner}/{repo}/issues", { role: "read", permission: "issues=write" }, (c) => {
    if (!c.repo.settings.has_issues) throw new HttpError(410, "Issues are disabled for this repo");
    const title = c.body["title"];
    if (title === undefined || title === null)
      throw new HttpError(422, 'Invalid request.\n\n"title" wasn\'t supplied.');
    // Without triage rights GitHub drops labels, assignees and milestone silently.
    const may = atLeast(c.role, "triage");
    const issue = openIssue(c.world, c.repo, {
      ...authorOf(c.auth),
      title: String(title),
      body: c.string("body") ?? null,
      labels: may ? labelNames(c) : [],
      assigneeIds: may ? assignees(c.world, c.strings("assignees") ?? []) : [],
      milestone: may ? (c.number("milestone") ?? null) : null,
    });
    const body = presentIssue(c.world, c.repo, issue);
    return created(body, body.url);
  });
  router.on("GET", "/repos/{owner}/{repo}/issues/{issue_number}", READ, (c) =>
    ok(presentIssue(c.world, c.repo, issueOf(c))),
  );
  router.on("PATCH", "/repos/{owner}/{repo}/issues/{issue_number}", WRITE, (c) => {
    const issue = issueOf(c);
    if (!atLeast(c.role, "triage") && issue.userId !== c.me.id)
      throw forbidden("Must have triage access to Repository.");
    if (c.sent("title")) issue.title = c.body["title"] === null ? issue.title : String(c.body["title"]);
    if (c.sent("body")) issue.body = c.string("body") ?? null;
    const state = c.oneOf("state", ["open", "closed"] as const);
    if (state)
      setIssueState(
        c.world,
        c.repo,
        issue,
        state,
        c.me.id,
        c.oneOf("state_reason", ["completed", "not_planned", "reopened", "duplicate"] as const),
      );
    if (atLeast(c.role, "triage")) {
      if (c.sent("labels")) {
        issue.labels = [];
        addLabels(c.world, c.repo, issue, labelNames(c), c.me.id);
      }
      if (c.sent("assignees")) issue.assigneeIds = assignees(c.world, c.strings("assignees") ?? []);
      if (c.sent("milestone")) issue.milestone = milestoneNumber(c);
    }
    issue.updatedAt = c.world.clock.iso();
    return ok(presentIssue(c.world, c.repo, issue));
  });
  router.on(
    "PUT",
    "/repos/{owner}/{repo}/issues/{issue_number}/lock",
    { role: "write", permission: "issues=write;pull_requests=write" },
    (c) => {
      Object.assign(issueOf(c), { locked: true, lockReason: c.string("lock_reason") ?? null });
      return noContent();
    },
  );
  router.on(
    "DELETE",
    "/repos/{owner}/{repo}/issues/{issue_number}/lock",
    { role: "write", permission: "issues=write;pull_requests=write" },
    (c) => {
      Object.assign(issueOf(c), { locked: false, lockReason: null });
      return noContent();
    },
  );
  router.on("GET", "/repos/{owner}/{repo}/issues/{issue_number}/events", READ, (c) => {
    const issue = issueOf(c);
    return page(c, issue.events, (e) => {
      const { issue: _i, ...rest } = presentIssueEvent(c.world, c.repo, issue, e);
      return rest;
    });
  });
  router.on("GET", "/repos/{owner}/{repo}/issues/{issue_number}/timeline", READ, (c) => {
    const issue = issueOf(c);
    return page(c, issue.events, (e) => {
      const { issue: _i, ...rest } = presentIssueEvent(c.world, c.repo, issue, e);
      return rest;
    });
  });
  router.on("POST", "/repos/{owner}/{repo}/issues/{issue_number}/assignees", TRIAGE, (c) => {
    const issue = issueOf(c);
    issue.assigneeIds = [...new Set([...issue.assigneeIds, ...assignees(c.world, c.strings("assignees") ?? [])])];
    return created(presentIssue(c.world, c.repo, issue));
  });
  router.on("DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/assignees", TRIAGE, (c) => {
    const issue = issueOf(c);
    const gone = assignees(c.world, c.strings("assignees") ?? []);
    issue.assigneeIds = issue.assigneeIds.filter((id) => !gone.includes(id));
    return ok(presentIssue(c.world, c.repo, issue));
  });

  router.on("GET", "/issues", { auth: "user" }, (c) =>
    page(c, mine(c), ({ repo, issue }) => presentIssue(c.world, repo, issue)),
  );
  router.on("GET", "/user/issues", { auth: "user" }, (c) =>
    page(c, mine(c), ({ repo, issue }) => presentIssue(c.world, repo, issue)),
  );

  comments(router);
  labels(router);
  milestones(router);
}

function comments(router: Router): void {
  router.on("GET", "/repos/{owner}/{repo}/issues/comments", READ, (c) =>
    page(c, [...c.repo.comments.values()], (x) => presentComment(c.world, c.repo, x)),
  );
  router.on("GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments", READ, (c) => {
    const issue = issueOf(c);
    const since = c.query.get("since");
    return page(
      c,
      [...c.repo.comments.values()].filter((x) => x.issueNumber === issue.number && (!since || x.updatedAt >= since)),
      (x) => presentComment(c.world, c.repo, x),
    );
  });
  router.on("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", WRITE, (c) => {
    const issue = issueOf(c);
    if (issue.locked && !atLeast(c.role, "write")) throw forbidden("Unable to create comment because issue is locked.");
    const body = presentComment(
      c.world,
      c.repo,
      addComment(c.world, c.repo, issue, authorOf(c.auth), c.string("body", true)),
    );
    return created(body, body.url);
  });
  router.on("GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}", READ, (c) =>
    ok(presentComment(c.world, c.repo, commentOf(c))),
  );
  router.on("PATCH", "/repos/{owner}/{repo}/issues/comments/{comment_id}", WRITE, (c) => {
    const comment = commentOf(c);
    if (comment.userId !== c.me.id && !atLeast(c.role, "write"))
      throw forbidden("Must have push access to Repository.");
    Object.assign(comment, { body: c.string("body", true), updatedAt: c.world.clock.iso() });
    c.world.webhooks.emit("issue_comment", "edited", {
      repo: c.repo,
      senderId: c.me.id,
      payload: { comment: presentComment(c.world, c.repo, comment) },
    });
    return ok(presentComment(c.world, c.repo, comment));
  });
  router.on("DELETE", "/repos/{owner}/{repo}/issues/comments/{comment_id}", WRITE, (c) => {
    const comment = commentOf(c);
    if (comment.userId !== c.me.id && !atLeast(c.role, "write"))
      throw forbidden("Must have push access to Repository.");
    c.repo.comments.delete(comment.id);
    return noContent();
  });
  const reactions = (path: string, of: (c: Context) => Reaction[]): void => {
    router.on("GET", `${path}/reactions`, READ, (c) => page(c, of(c), (r) => presentReaction(c.world, r)));
    router.on("POST", `${path}/reactions`, WRITE, (c) => {
      const content = c.oneOf("content", CONTENTS);
      if (!content) throw invalid("Reaction", "content", "missing_field");
      const known = of(c).find((r) => r.userId === c.me.id && r.content === content);
      if (known) return ok(presentReaction(c.world, known));
      const id = c.world.ids.next();
      const made: Reaction = {
        id,
        nodeId: nodeId("reaction", c.repo.id, id),
        userId: c.me.id,
        content,
        createdAt: c.world.clock.iso(),
      };
      of(c).push(made);
      return created(presentReaction(c.world, made));
    });
    router.on("DELETE", `${path}/reactions/{reaction_id}`, WRITE, (c) => {
      const list = of(c);
      const at = list.findIndex((r) => r.id === c.id("reaction_id") && r.userId === c.me.id);
      if (at < 0) throw notFound();
      list.splice(at, 1);
      return noContent();
    });
  };
  reactions("/repos/{owner}/{repo}/issues/{issue_number}", (c) => issueOf(c).reactions);
  reactions("/repos/{owner}/{repo}/issues/comments/{comment_id}", (c) => commentOf(c).reactions);
}

function labels(router: Router): void {
  router.on("GET", "/repos/{owner}/{repo}/labels", READ, (c) =>
    page(c, [...c.repo.labels.values()], (l) => presentLabel(c.world, c.repo, l)),
  );
  router.on("POST", "/repos/{owner}/{repo}/labels", { permission: "issues=write;pull_requests=write" }, (c) => {
    const name = c.string("name", true);
    if (c.repo.labels.has(name.toLowerCase())) throw invalid("Label", "name", "already_exists");
    const label = labelOf(c.world, c.repo, name);
    Object.assign(label, { color: color(c) ?? label.color, description: c.string("description") ?? null });
    const body = presentLabel(c.world, c.repo, label);
    return created(body, body.url);
  });
  router.on("GET", "/repos/{owner}/{repo}/labels/{name}", READ, (c) =>
    ok(presentLabel(c.world, c.repo, labelByName(c))),
  );
  router.on("PATCH", "/repos/{owner}/{repo}/labels/{name}", { permission: "issues=write;pull_requests=write" }, (c) => {
    const label = labelByName(c);
    // Clients say `new_name`; Terraform's says `name`, and GitHub takes both.
    const name = c.string("new_name") ?? c.string("name") ?? label.name;
    if (name.toLowerCase() !== label.name.toLowerCase() && c.repo.labels.has(name.toLowerCase()))
      throw invalid("Label", "name", "already_exists");
    c.repo.labels.delete(label.name.toLowerCase());
    for (const issue of c.repo.issues.values()) issue.labels = issue.labels.map((l) => (l === label.name ? name : l));
    Object.assign(label, {
      name,
      color: color(c) ?? label.color,
      description: c.sent("description") ? (c.string("description") ?? null) : label.description,
    });
    c.repo.labels.set(name.toLowerCase(), label);
    return ok(presentLabel(c.world, c.repo, label));
  });
  router.on(
    "DELETE",
    "/repos/{owner}/{repo}/labels/{name}",
    { permission: "issues=write;pull_requests=write" },
    (c) => {
      const label = labelByName(c);
      c.repo.labels.delete(label.name.toLowerCase());
      for (const issue of c.repo.issues.values()) issue.labels = issue.labels.filter((l) => l !== label.name);
      return noContent();
    },
  );
  const of = (c: Context, issue: Issue) =>
    issue.labels.map((l) => presentLabel(c.world, c.repo, c.repo.labels.get(l.toLowerCase())!));
  router.on("GET", "/repos/{owner}/{repo}/issues/{issue_number}/labels", READ, (c) => ok(of(c, issueOf(c))));
  router.on("POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels", TRIAGE, (c) => {
    const issue = issueOf(c);
    addLabels(c.world, c.repo, issue, labelNames(c), c.me.id);
    return ok(of(c, issue));
  });
  router.on("PUT", "/repos/{owner}/{repo}/issues/{issue_number}/labels", TRIAGE, (c) => {
    const issue = issueOf(c);
    issue.labels = [];
    addLabels(c.world, c.repo, issue, labelNames(c), c.me.id);
    return ok(of(c, issue));
  });
  router.on("DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/labels", TRIAGE, (c) => {
    issueOf(c).labels = [];
    return noContent();
  });
  router.on("DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", TRIAGE, (c) => {
    const issue = issueOf(c);
    if (!removeLabel(c.world, c.repo, issue, c.param("name"), c.me.id))
      throw new HttpError(404, "Label does not exist");
    return ok(of(c, issue));
  });
}

function milestones(router: Router): void {
  router.on("GET", "/repos/{owner}/{repo}/milestones", READ, (c) =>
    page(
      c,
      [...c.repo.milestones.values()].filter(
        (m) => (c.query.get("state") ?? "open") === "all" || m.state === (c.query.get("state") ?? "open"),
      ),
      (m) => presentMilestone(c.world, c.repo, m),
    ),
  );
  router.on("POST", "/repos/{owner}/{repo}/milestones", { permission: "issues=write;pull_requests=write" }, (c) => {
    const id = c.world.ids.next();
    const now = c.world.clock.iso();
    const number = c.repo.milestones.size + 1;
    const made = {
      id,
      nodeId: nodeId("milestone", c.repo.id, id),
      number,
      title: c.string("title", true),
      description: c.string("description") ?? null,
      state: c.oneOf("state", ["open", "closed"] as const) ?? "open",
      creatorId: c.me.id,
      createdAt: now,
      updatedAt: now,
      closedAt: null,
      dueOn: c.string("due_on") ?? null,
    };
    c.repo.milestones.set(number, made);
    return created(presentMilestone(c.world, c.repo, made));
  });
  router.on("GET", "/repos/{owner}/{repo}/milestones/{milestone_number}", READ, (c) => {
    const m = c.repo.milestones.get(c.id("milestone_number"));
    if (!m) throw notFound();
    return ok(presentMilestone(c.world, c.repo, m));
  });
  router.on(
    "PATCH",
    "/repos/{owner}/{repo}/milestones/{milestone_number}",
    { permission: "issues=write;pull_requests=write" },
    (c) => {
      const m = c.repo.milestones.get(c.id("milestone_number"));
      if (!m) throw notFound();
      const state = c.oneOf("state", ["open", "closed"] as const) ?? m.state;
      Object.assign(m, {
        title: c.string("title") ?? m.title,
        description: c.sent("description") ? (c.string("description") ?? null) : m.description,
        state,
        closedAt: state === "closed" ? c.world.clock.iso() : null,
        updatedAt: c.world.clock.iso(),
      });
      return ok(presentMilestone(c.world, c.repo, m));
    },
  );
  router.on(
    "DELETE",
    "/repos/{owner}/{repo}/milestones/{milestone_number}",
    { permission: "issues=write;pull_requests=write" },
    (c) => {
      if (!c.repo.milestones.delete(c.id("milestone_number"))) throw notFound();
      return noContent();
    },
  );
  router.on("GET", "/repos/{owner}/{repo}/issues/events", READ, (c) =>
    page(
      c,
      [...c.repo.issues.values()].flatMap((i) => i.events.map((e) => [i, e] as const)),
      ([i, e]) => presentIssueEvent(c.world, c.repo, i, e),
    ),
  );
  router.on("GET", "/repos/{owner}/{repo}/subscribers", {}, (c) => page(c, [], (x) => x));
  router.on("GET", "/repos/{owner}/{repo}/stargazers", {}, (c) => page(c, [], (x) => x));
  router.on("GET", "/repos/{owner}/{repo}/assignees/{assignee}", {}, (c) => {
    const u = c.world.userByLogin(c.param("assignee"));
    if (!u || c.world.orgOf(c.repo)?.memberships.get(u.id)?.state !== "active") throw notFound();
    presentUser(c.world, u);
    return noContent();
  });
}

function issueOf(c: Context): Issue {
  const issue = c.repo.issues.get(c.id("issue_number"));
  if (!issue) throw notFound();
  // A token for issues alone does not see pull requests, and the other way round.
  if (
    !allowedOn(c.world, c.auth, c.repo, issue.pull ? "pull_requests=read" : "issues=read") &&
    !allowedOn(c.world, c.auth, c.repo, "issues=read")
  )
    throw notFound();
  return issue;
}
function commentOf(c: Context): Comment {
  const x = c.repo.comments.get(c.id("comment_id"));
  if (!x) throw notFound();
  return x;
}
function labelByName(c: Context) {
  const l = c.repo.labels.get(c.param("name").toLowerCase());
  if (!l) throw notFound();
  return l;
}
function color(c: Context): string | undefined {
  const given = c.string("color")?.replace(/^#/, "");
  if (given !== undefined && !/^[0-9a-fA-F]{6}$/.test(given)) throw invalid("Label", "color", "invalid");
  return given?.toLowerCase();
}
function milestoneNumber(c: Context): number | null {
  const n = c.body["milestone"];
  if (n === null || n === undefined) return null;
  if (!c.repo.milestones.has(Number(n))) throw invalid("Issue", "milestone", "invalid");
  return Number(n);
}
/** Labels come as names or as objects with a name. */
function labelNames(c: Context): string[] {
  const list = Array.isArray(c.input) ? c.input : ((c.body["labels"] ?? []) as unknown[]);
  return list
    .map((l) => (typeof l === "string" ? l : String((l as { name?: unknown }).name ?? "")))
    .filter((n) => n !== "");
}

function filtered(c: Context, all: readonly Issue[]): Issue[] {
  const q = (name: string): string | null => c.query.get(name);
  const labels = q("labels")?.split(",").filter(Boolean) ?? [];
  const state = q("state") ?? "open";
  return all.filter(
    (i) =>
      (state === "all" || i.state === state) &&
      labels.every((l) => i.labels.some((x) => x.toLowerCase() === l.toLowerCase())) &&
      (!q("since") || i.updatedAt >= q("since")!) &&
      (!q("creator") || c.world.user(i.userId).login === q("creator")) &&
      (!q("assignee") || q("assignee") === "*" || i.assigneeIds.some((id) => c.world.user(id).login === q("assignee"))),
  );
}
function mine(c: Context): { repo: Repository; issue: Issue }[] {
  return [...c.world.repos.values()]
    .filter((r) => roleOn(c.world, c.auth, r) !== undefined && allowedOn(c.world, c.auth, r, "issues=read"))
    .flatMap((repo) =>
      filtered(c, [...repo.issues.values()])
        .filter((i) => i.assigneeIds.includes(c.me.id) || c.query.get("filter") === "all")
        .map((issue) => ({ repo, issue })),
    );
}
