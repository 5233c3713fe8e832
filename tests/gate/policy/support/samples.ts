import { decide, type Decision } from "../../../../gate/policy";
import { policyFor } from "../../support/policy";

const policy = policyFor();
const SHA = "0123456789abcdef0123456789abcdef01234567";
/** A value for each parameter of GitHub's paths that takes more than a number. */
const VALUES: Readonly<Record<string, string>> = {
  owner: "acme",
  repo: "api",
  template_owner: "acme",
  template_repo: "api",
  org: "acme",
  username: "alice",
  assignee: "alice",
  branch: "main",
  path: "src/a.txt",
  dir: "src",
  ref: "main",
  tag: "v1",
  basehead: "main...claude/x",
  base: "main",
  head: "claude/x",
  commit_sha: SHA,
  tree_sha: SHA,
  file_sha: SHA,
  tag_sha: SHA,
  sha: SHA,
  name: "bug",
  archive_format: "zip",
  secret_name: "KEY",
  environment_name: "production",
};
/** Where a name means something else. */
const AT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "/repos/{owner}/{repo}/git/ref/{ref}": { ref: "heads/main" },
  "/repos/{owner}/{repo}/git/refs/{ref}": { ref: "heads/claude/x" },
};

/** A request for an operation, such as a client would make it. */
function sampleOf(operation: string): { readonly method: string; readonly target: string } {
  const [method = "", path = ""] = operation.split(" ");
  const target = path.replace(/\{([\w-]+)\}/g, (_, name: string) => AT[path]?.[name] ?? VALUES[name] ?? "1");
  return { method, target: path.startsWith("/search/") ? `${target}?q=x+repo:acme/api` : target };
}

const comment = { body: "text" };
const labels = { labels: ["bug"] };
const assignees = { assignees: ["alice"] };
/** Bodies with which the open operations pass. */
const BODIES: Readonly<Record<string, unknown>> = {
  "PUT /contents/{path}": { message: "m", content: "aGk=", branch: "claude/x" },
  "DELETE /contents/{path}": { message: "m", sha: SHA, branch: "claude/x" },
  "POST /git/blobs": { content: "text" },
  "POST /git/trees": { base_tree: SHA, tree: [{ path: "a", mode: "100644", sha: SHA }] },
  "POST /git/commits": { message: "m", tree: SHA, parents: [SHA] },
  "POST /git/refs": { ref: "refs/heads/claude/x", sha: SHA },
  "PATCH /git/refs/{ref}": { sha: SHA },
  "POST /pulls": { title: "t", head: "claude/x", base: "main" },
  "PATCH /pulls/{pull_number}": { title: "t" },
  "POST /pulls/{pull_number}/requested_reviewers": { reviewers: ["alice"] },
  "POST /pulls/{pull_number}/reviews": { event: "COMMENT", body: "text" },
  "PUT /pulls/{pull_number}/reviews/{review_id}": comment,
  "POST /pulls/{pull_number}/reviews/{review_id}/events": { event: "COMMENT", body: "text" },
  "POST /pulls/{pull_number}/comments": comment,
  "POST /pulls/{pull_number}/comments/{comment_id}/replies": comment,
  "PATCH /pulls/comments/{comment_id}": comment,
  "POST /pulls/comments/{comment_id}/reactions": { content: "+1" },
  "POST /issues": { title: "t" },
  "PATCH /issues/{issue_number}": { title: "t" },
  "POST /issues/{issue_number}/comments": comment,
  "PATCH /issues/comments/{comment_id}": comment,
  "POST /issues/comments/{comment_id}/reactions": { content: "+1" },
  "POST /issues/{issue_number}/reactions": { content: "+1" },
  "POST /issues/{issue_number}/labels": labels,
  "PUT /issues/{issue_number}/labels": labels,
  "POST /issues/{issue_number}/assignees": assignees,
  "DELETE /issues/{issue_number}/assignees": assignees,
};

/** What the gate decides about an operation of REST, for an agent that may write to the repository. */
export function judge(operation: string): Decision {
  const body = BODIES[operation.replace("/repos/{owner}/{repo}", "")];
  return decide(policy, { ...sampleOf(operation), ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

/**
 * Its decision about a mutation with an empty input: what is open is refused for the input, what is closed for itself.
 */
export function judgeMutation(name: string): Decision {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation($input: ${type}!) { ${name}(input: $input) { clientMutationId } }`;
  return decide(policy, {
    method: "POST",
    target: "/graphql",
    body: JSON.stringify({ query, variables: { input: { clientMutationId: "x" } } }),
  });
}
