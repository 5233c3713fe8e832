import type { ClientName } from "./support/clients";

/** What an agent's clients do every day, in the order in which the run does it: what one command makes, later ones use. */
export interface Command {
  readonly client: ClientName;
  /** Arguments, parted by blanks; of PyGithub one expression; of octokit a method and its parameters; of git-lfs those of git. */
  readonly args: string;
  /** `works`: exit 0. `refused`: not, and a sentence says why and what instead. */
  readonly outcome: "works" | "refused";
  /** What must stand in the output. */
  readonly says?: RegExp;
  /** Shell lines before it, which are no part of the table. */
  readonly before?: string;
}

const gh = (args: string, outcome: Command["outcome"] = "works", says?: RegExp, before?: string): Command => ({
  client: "gh",
  args,
  outcome,
  ...(says === undefined ? {} : { says }),
  ...(before === undefined ? {} : { before }),
});
const git = (args: string, outcome: Command["outcome"] = "works", says?: RegExp, before?: string): Command => ({
  ...gh(args, outcome, says, before),
  client: "git",
});

const COMMIT = "git add . && git commit -q -m Objects";
const MERGES = /cannot merge/;

const python = (args: string, outcome: Command["outcome"] = "works", says?: RegExp): Command => ({
  ...gh(args, outcome, says),
  client: "PyGithub",
});

const octokit = (args: string, outcome: Command["outcome"] = "works", says?: RegExp): Command => ({
  ...gh(args, outcome, says),
  client: "octokit",
});
const lfs = (...command: Parameters<typeof gh>): Command => ({ ...gh(...command), client: "git-lfs" });

/** Run in a clone of `acme/api`, on the branch `claude/work`, which has one commit that is not pushed yet. */
export const MATRIX: readonly Command[] = [
  gh("auth status", "works", /Logged in to gate\.acme\.example/),
  gh("repo view", "works", /acme\/api/),
  gh("repo view --json name,parent,languages,defaultBranchRef", "works", /JavaScript/),
  gh("repo clone acme/api ../second"),
  gh("repo sync --branch main", "works", undefined),
  gh("api repos/acme/api", "works", /"full_name"/),
  gh("api user", "works", /claude-bot/),
  gh("api --paginate repos/acme/api/commits?per_page=2 --jq .[].sha", "works", /<sha>/),
  gh("api graphql -f query={viewer{login}}", "works", /claude-bot/),
  git("fetch origin"),
  git("clone --depth 1 https://gate.acme.example/acme/api.git ../shallow"),
  git("clone https://gate.acme.example/acme/secrets.git ../secrets", "refused", /not open to the agent/),
  git("push -u origin claude/work"),
  git("push origin HEAD:main", "refused", /ref-outside-agent-space/),
  git("push origin HEAD:refs/tags/v9", "refused", /ref-outside-agent-space/),
  git("push origin --delete claude/work", "refused", /ref-delete/),
  git("push --force origin claude/work", "refused", /ref-force/, "git commit -q --amend -m Other"),
  gh(
    "pr create --draft --title First --body Text --label bug",
    "works",
    /pull\/\d+/,
    "git reset -q --hard origin/claude/work",
  ),
  gh(
    "pr create --title Second --body Text --head claude/other --reviewer reviewer-one,acme/backend --assignee @me",
    "works",
    /pull\/\d+/,
    "git push -q origin HEAD:refs/heads/claude/other",
  ),
  gh("pr list", "works", /First/),
  gh("pr list --label bug", "works", /First/),
  gh("pr list --author @me", "works", /First/),
  gh("pr list --search First", "works", /First/),
  gh("pr view", "works", /First/),
  gh("pr view --json title,isDraft,labels,statusCheckRollup --jq .title", "works", /First/),
  gh("pr view --json closingIssuesReferences", "refused", /closingIssuesReferences/),
  gh("pr status", "works", /First/),
  gh("pr checks", "works", /ci/),
  gh("pr diff", "works", /diff --git/),
  gh("pr diff --name-only", "works", /work\.txt/),
  gh("pr comment --body Hello", "works", /issuecomment/),
  gh("pr view --comments", "works", /Hello/),
  gh("pr review --comment --body Read", "works"),
  gh("pr edit --title Better --add-label bug", "works", /pull\/\d+/),
  gh("pr edit --add-reviewer reviewer-one", "works", /pull\/\d+/),
  gh("pr edit --add-assignee @me", "works", /pull\/\d+/),
  gh("pr edit --remove-label agent", "refused", /label/),
  gh("pr checkout 2", "works"),
  gh("pr close 2", "works"),
  gh("pr reopen 2", "works"),
  gh("pr ready", "refused", /stay drafts/),
  gh("pr merge --squash", "refused", MERGES),
  gh("pr merge --auto --squash", "refused", /auto-merge/),
  gh("pr review --approve", "refused", /only comment/),
  gh("issue list", "works", /comma/),
  gh("issue list --label bug", "works"),
  gh("issue list --search comma", "works", /comma/),
  gh("issue view 1", "works", /comma/),
  gh("issue create --title Found --body Text", "works", /issues\/\d+/),
  gh("issue create --title Found2 --body Text --label bug --assignee @me", "works", /issues\/\d+/),
  gh("issue comment 1 --body Hello", "works", /issuecomment/),
  gh("issue view 1 --comments", "works", /Hello/),
  gh("issue edit 1 --add-label bug", "works"),
  gh("issue close 1", "works"),
  gh("issue reopen 1", "works"),
  gh("issue status", "works"),
  gh("label list", "works", /bug/),
  gh("run list", "works", /CI/),
  gh("run view {run}", "works", /CI/),
  gh("run view {run} --log", "works"),
  gh("workflow list", "works", /CI/),
  gh("workflow view ci.yml", "works", /CI/),
  gh("release list", "works", /v1\.0\.0/),
  gh("release view v1.0.0", "works", /v1\.0\.0/),
  gh("search issues comma --repo acme/api", "works", /comma/),
  gh("search prs Better --repo acme/api", "works", /Better/),
  gh("search code greeting --repo acme/api", "works", /greeting/),
  gh("search commits Add --repo acme/api", "works"),
  gh("repo list acme", "refused"),
  gh("repo fork acme/api --clone=false", "refused", /closed/),
  gh("repo create acme/new --private", "refused"),
  gh("repo delete acme/api --yes", "refused"),
  gh("label create new", "refused"),
  gh("release create v2", "refused"),
  gh("secret list", "refused"),
  gh("run rerun {run}", "refused"),
  gh("gist create work.txt", "refused"),
  python("repo.default_branch", "works", /main/),
  python("[pull.title for pull in repo.get_pulls()]", "works", /Better/),
  python("[issue.title for issue in repo.get_issues(state='all')]", "works", /comma/),
  python("repo.get_contents('README.md').decoded_content[:20]", "works", /#/),
  python("[commit.sha for commit in repo.get_commits()]", "works", /<sha>/),
  python("repo.create_issue('By Python', body='Text', labels=['bug']).number", "works", /\d/),
  python("repo.get_issue(1).create_comment('Hello').id", "works"),
  python("repo.get_pull(2).create_review(body='Read', event='COMMENT').state", "works", /COMMENTED/),
  python("repo.get_pull(2).set_labels('bug')", "works"),
  python("[label.name for label in repo.get_pull(2).get_labels()]", "works", /agent/),
  python("repo.get_pull(2).edit(title='By Python')", "works"),
  python("[run.name for run in repo.get_workflow_runs()][:1]", "works", /CI/),
  python("repo.get_pull(2).merge()", "refused", /cannot merge/),
  python("repo.get_pull(2).create_review(event='APPROVE')", "refused", /only comment/),
  python("repo.create_file('x.txt', 'Add', 'x', branch='main')", "refused", /claude\//),
  python("github.get_repo('acme/secrets').name", "refused", /not open to the agent/),
  octokit("users.getAuthenticated", "works", /claude-bot/),
  octokit("repos.get", "works", /"full_name":"acme\/api"/),
  octokit('repos.getContent {"path":"README.md"}', "works", /"content"/),
  octokit("repos.listBranches", "works", /claude\/work/),
  octokit('issues.listForRepo {"state":"all","per_page":2}', "works", /"title"/),
  octokit('issues.create {"title":"By octokit","body":"Text","labels":["bug"]}', "works", /By octokit/),
  octokit('issues.createComment {"issue_number":1,"body":"Hello"}', "works", /Hello/),
  octokit('git.createRef {"ref":"refs/heads/claude/octokit","sha":"{main}"}', "works", /claude\/octokit/),
  octokit(
    'repos.createOrUpdateFileContents {"path":"octokit.txt","branch":"claude/octokit","message":"Add","content":"aGVsbG8K"}',
    "works",
    /octokit\.txt/,
  ),
  octokit(
    'pulls.create {"title":"By octokit","head":"claude/octokit","base":"main","draft":true}',
    "works",
    /"draft":true/,
  ),
  octokit("pulls.list", "works", /By octokit/),
  octokit('pulls.get {"pull_number":2,"mediaType":{"format":"diff"}}', "works", /diff --git/),
  octokit('pulls.createReview {"pull_number":2,"event":"COMMENT","body":"Read"}', "works", /COMMENTED/),
  octokit('checks.listForRef {"ref":"claude/work"}', "works", /check_runs/),
  octokit('search.issuesAndPullRequests {"q":"comma repo:acme/api is:issue"}', "works", /comma/),
  octokit("actions.listWorkflowRunsForRepo", "works", /"CI"/),
  octokit('pulls.merge {"pull_number":2}', "refused", MERGES),
  octokit('pulls.createReview {"pull_number":2,"event":"APPROVE"}', "refused", /only comment/),
  octokit('git.createRef {"ref":"refs/heads/feature/x","sha":"{main}"}', "refused", /claude\//),
  octokit('git.deleteRef {"ref":"heads/claude/octokit"}', "refused"),
  octokit(
    'repos.createOrUpdateFileContents {"path":".github/workflows/x.yml","branch":"claude/octokit","message":"Add","content":"aGVsbG8K"}',
    "refused",
    /protected/i,
  ),
  octokit("repos.createFork", "refused", /closed/),
  octokit('repos.get {"repo":"secrets"}', "refused", /not open to the agent/),
  lfs(
    "push origin claude/lfs",
    "works",
    /claude\/lfs/,
    `git checkout -q -b claude/lfs origin/main && git lfs install && git lfs track '*.bin' && head -c 300000 /dev/urandom > one.bin && ${COMMIT}`,
  ),
  lfs("clone --branch claude/lfs https://gate.acme.example/acme/api.git ../objects"),
  lfs("-C ../objects lfs ls-files --size", "works", /one\.bin \(300 KB\)/),
  lfs("-C ../objects lfs fsck", "works", /OK/),
  lfs("-C ../objects lfs pull", "works", undefined, "rm -r ../objects/.git/lfs/objects ../objects/one.bin"),
  lfs("-C ../objects lfs fetch --all", "works"),
  lfs(
    "push origin claude/lfs",
    "refused",
    /looks like a credential/,
    `(head -c 2000 /dev/urandom; printf ' ghp_'; head -c 18 /dev/urandom | od -An -tx1 | tr -d ' \\n'; echo) > two.bin && ${COMMIT}`,
  ),
  lfs(
    "push origin claude/lfs",
    "refused",
    /larger than/,
    `git reset -q --hard origin/claude/lfs && head -c 10485761 /dev/zero > big.bin && ${COMMIT}`,
  ),
  lfs(
    "push https://gate.acme.example/acme/docs.git HEAD:claude/lfs",
    "refused",
    undefined,
    "git reset -q --hard origin/claude/lfs",
  ),
  lfs("lfs locks", "refused", /work without them/),
  lfs("lfs lock one.bin", "refused", /work without them/),
];
