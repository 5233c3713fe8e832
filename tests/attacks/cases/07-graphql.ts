import { attack, each, twin } from "./build";
import type { Ask, Attack, CaseFile } from "../support/types";

const post = (body: unknown): Ask => ({ method: "POST", target: "/graphql", json: body });
const text = (body: string, type = "application/json"): Ask => ({
  method: "POST",
  target: "/graphql",
  headers: [["Content-Type", type]],
  body,
});

const SECRETS = 'repository(owner:"acme",name:"secrets"){id}';
const API = 'repository(owner:"acme",name:"api"){id}';
const RESOLVE = [/^POST \/api\/graphql$/];

type Input = readonly [body: unknown, guard: Attack["guard"], ...orElse: NonNullable<Attack["orElse"]>];
const q = (query: string, variables?: unknown): unknown => ({
  query,
  ...(variables === undefined ? {} : { variables }),
});
const mutation = (name: string, input: unknown): unknown =>
  q(
    `mutation($input: ${name.charAt(0).toUpperCase()}${name.slice(1)}Input!){${name}(input:$input){clientMutationId}}`,
    { input },
  );

/** Refused before GitHub hears of it. */
const INPUTS: Readonly<Record<string, Input>> = {
  unlisted: [q(`{${SECRETS}}`), "repository-not-listed"],
  "unlisted-case": [q('{repository(owner:"ACME",name:"Secrets"){id}}'), "repository-not-listed"],
  "unlisted-escape": [q('{repository(owner:"acme",name:"\\u0073ecrets"){id}}'), "repository-not-listed"],
  "unlisted-block-string": [q('{repository(owner:"acme",name:"""secrets"""){id}}'), "repository-not-listed"],
  "unlisted-variable": [
    q('query($n:String!){repository(owner:"acme",name:$n){id}}', { n: "secrets" }),
    "repository-not-listed",
  ],
  "unlisted-default": [q('query($n:String="secrets"){repository(owner:"acme",name:$n){id}}'), "repository-not-listed"],
  "unlisted-default-overridden": [
    q('query($n:String="api"){repository(owner:"acme",name:$n){id}}', { n: "secrets" }),
    "repository-not-listed",
  ],
  "unlisted-alias": [q(`{api:${API} ok:${SECRETS}}`), "repository-not-listed"],
  "unlisted-fragment": [q(`{...F} fragment F on Query{${SECRETS}}`), "repository-not-listed"],
  "unlisted-inline": [q(`{... on Query{${SECRETS}}}`), "repository-not-listed"],
  "unlisted-bare-inline": [q(`{...{${SECRETS}}}`), "repository-not-listed"],
  "unlisted-nested-fragments": [
    q(`{...A} fragment A on Query{...B} fragment B on Query{${SECRETS}}`),
    "repository-not-listed",
  ],
  "unlisted-skipped": [
    q(`query($no:Boolean=false){${API} ok:repository(owner:"acme",name:"secrets")@skip(if:$no){id}}`),
    "repository-not-listed",
  ],
  "unlisted-comment-first": [q(`# {${API}}\n{${SECRETS}}`), "repository-not-listed"],
  "unlisted-commas": [q(`,,,{,,,${SECRETS},,,}`), "repository-not-listed"],
  "unlisted-bom": [q(`\ufeff{${SECRETS}}`), "repository-not-listed"],
  "unlisted-carriage-return": [q(`{ # ${API}\r${SECRETS}}`), "repository-not-listed"],
  "unlisted-slash": [q('{repository(owner:"acme",name:"api/../secrets"){id}}'), "repository-not-listed"],
  "unlisted-suffix": [q('{repository(owner:"acme",name:"api.git"){id}}'), "repository-not-listed"],
  "unlisted-kelvin": [q('{repository(owner:"acme",name:"docſ"){id}}'), "repository-not-listed"],
  foreign: [q('{repository(owner:"other-org",name:"vault"){id}}'), "owner-not-allowed"],
  "foreign-same-name": [q('{repository(owner:"other-org",name:"api"){id}}'), "owner-not-allowed"],
  "commit-same-name": [
    mutation("createCommitOnBranch", {
      branch: { repositoryNameWithOwner: "other-org/api", branchName: "claude/x" },
      expectedHeadOid: "{main}",
      message: { headline: "x" },
    }),
    "repository-not-listed",
  ],
  "foreign-variable": [
    q('query($o:String!){repository(owner:$o,name:"vault"){id}}', { o: "other-org" }),
    "owner-not-allowed",
  ],
  "foreign-owner-list": [
    q('query($o:String!){repository(owner:$o,name:"api"){id}}', { o: ["other-org"] }),
    "graphql-argument",
  ],
  "owner-missing": [q('query($o:String){repository(owner:$o,name:"api"){id}}'), "graphql-argument"],
  "owner-null": [q('query($o:String="acme"){repository(owner:$o,name:"api"){id}}', { o: null }), "graphql-argument"],
  "argument-twice": [q('{repository(owner:"acme",name:"api",name:"secrets"){id}}'), "graphql-malformed"],
  "variable-twice": [
    q('query($n:String="api",$n:String="secrets"){repository(owner:"acme",name:$n){id}}'),
    "repository-not-listed",
    "graphql-malformed",
  ],
  "prototype-variable": [
    q('query($__proto__:X,$n:String){repository(owner:"acme",name:$n){id}}', JSON.parse('{"__proto__":{"n":"api"}}')),
    "graphql-argument",
    "graphql-malformed",
  ],
  "follow-renames": [q('{repository(owner:"acme",name:"api",followRenames:true){id}}'), "graphql-argument"],
  "two-operations": [{ query: `query A{${API}} query B{${SECRETS}}`, operationName: "B" }, "graphql-operations"],
  "two-operations-mutation": [
    { query: `query A{${API}} mutation B{deleteRef(input:{refId:"x"}){clientMutationId}}`, operationName: "B" },
    "graphql-operations",
  ],
  "operation-name": [{ query: `query A{${API}}`, operationName: "B" }, "graphql-operations"],
  "two-anonymous": [q(`{${API}} {${SECRETS}}`), "graphql-operations", "graphql-malformed"],
  subscription: [q("subscription{x}"), "graphql-operations"],
  "only-fragments": [q("fragment F on Query{viewer{login}}"), "graphql-operations"],
  "type-definition": [q(`{${API}} type X{a:Int}`), "graphql-operations"],
  "schema-extension": [q(`{${API}} extend type Query{a:Int}`), "graphql-operations"],
  batch: [[q(`{${API}}`), q(`{${SECRETS}}`)], "graphql-malformed"],
  "batch-of-one": [[q(`{${API}}`)], "graphql-malformed"],
  "empty-batch": [[], "graphql-malformed"],
  "persisted-query": [
    { extensions: { persistedQuery: { version: 1, sha256Hash: "a".repeat(64) } } },
    "graphql-malformed",
  ],
  "persisted-with-query": [{ query: `{${API}}`, extensions: {} }, "graphql-malformed"],
  "document-id": [{ id: "PersistedThing", query: `{${API}}` }, "graphql-malformed"],
  "query-list": [{ query: [`{${API}}`] }, "graphql-malformed"],
  "query-number": [{ query: 1 }, "graphql-malformed"],
  "variables-text": [{ query: `{${API}}`, variables: "{}" }, "graphql-malformed"],
  "null-body": [null, "graphql-malformed"],
  viewer: [q("{viewer{repositories(first:10){nodes{nameWithOwner}}}}"), "graphql-field"],
  "viewer-organizations": [q("{viewer{organizations(first:10){nodes{login}}}}"), "graphql-field"],
  "viewer-email": [q("{viewer{email}}"), "graphql-field"],
  "organization-foreign": [q('{organization(login:"other-org"){team(slug:"core"){id}}}'), "owner-not-allowed"],
  "organization-variable": [
    q("query($o:String!){organization(login:$o){teams(first:9){nodes{id}}}}", { o: "other-org" }),
    "owner-not-allowed",
  ],
  "organization-list": [
    q("query($o:[String!]){organization(login:$o){teams(first:9){nodes{id}}}}", { o: ["acme"] }),
    "owner-not-allowed",
  ],
  "organization-fragment": [
    q('{...F} fragment F on Query{o:organization(login:"other-org"){teams(first:9){nodes{slug}}}}'),
    "owner-not-allowed",
  ],
  "organization-condition": [
    q('{organization(login:"acme"){... on Organization{membersWithRole(first:9){nodes{login}}}}}'),
    "graphql-field",
  ],
  "team-members": [
    q('{organization(login:"acme"){team(slug:"backend"){members(first:9){nodes{login}}}}}'),
    "graphql-field",
  ],
  "team-repositories": [
    q('{organization(login:"acme"){teams(first:9){nodes{repositories(first:9){nodes{name}}}}}}'),
    "graphql-field",
  ],
  "team-of-people": [
    q('{organization(login:"acme"){teams(first:9,userLogins:["acme-admin"]){nodes{slug}}}}'),
    "graphql-argument",
  ],
  "user-organization": [
    q('{user(login:"acme-admin"){organization(login:"other-org"){teams(first:9){nodes{id}}}}}'),
    "graphql-field",
  ],
  "user-email": [q('{user(login:"acme-admin"){email}}'), "graphql-field"],
  "user-condition": [q('{user(login:"acme-admin"){... on Actor{login} ... on Organization{login}}}'), "graphql-field"],
  organization: [q('{organization(login:"acme"){repositories(first:10){nodes{name}}}}'), "graphql-field"],
  user: [q('{user(login:"acme-admin"){repositories(first:10){nodes{name}}}}'), "graphql-field"],
  "repository-owner": [q('{repositoryOwner(login:"acme"){repositories(first:10){nodes{name}}}}'), "graphql-field"],
  enterprise: [q('{enterprise(slug:"acme"){id}}'), "graphql-field"],
  resource: [q('{resource(url:"https://github.com/acme/secrets"){... on Repository{id}}}'), "graphql-field"],
  "owner-repositories": [
    q('{repository(owner:"acme",name:"api"){owner{repositories(first:10){nodes{name}}}}}'),
    "graphql-field",
  ],
  "owner-condition": [
    q('{repository(owner:"acme",name:"api"){owner{... on Organization{repository(name:"secrets"){id}}}}}'),
    "graphql-field",
  ],
  forks: [q('{repository(owner:"acme",name:"api"){forks(first:10){nodes{nameWithOwner}}}}'), "graphql-field"],
  "parent-content": [
    q('{repository(owner:"acme",name:"api"){parent{id object(expression:"HEAD:README.md"){id}}}}'),
    "graphql-field",
  ],
  "parent-alias": [q('{repository(owner:"acme",name:"api"){parent{gatehouseHome:name description}}}'), "graphql-field"],
  "parent-alias-fragment": [
    q('{repository(owner:"acme",name:"api"){parent{...F}}} fragment F on Repository{gatehouseHome:name description}'),
    "graphql-field",
  ],
  "parent-of-parent": [q('{repository(owner:"acme",name:"api"){parent{parent{name}}}}'), "graphql-field"],
  "sub-issue-body": [
    q('{repository(owner:"acme",name:"api"){issue(number:1){subIssues(first:9){nodes{body}}}}}'),
    "graphql-field",
  ],
  "sub-issue-repository": [
    q('{repository(owner:"acme",name:"api"){issue(number:1){parent{repository{issue(number:1){title}}}}}}'),
    "graphql-field",
  ],
  "sub-issue-onwards": [
    q('{repository(owner:"acme",name:"api"){issue(number:1){parent{subIssues(first:9){nodes{title}}}}}}'),
    "graphql-field",
  ],
  "sub-issue-condition": [
    q('{repository(owner:"acme",name:"api"){issue(number:1){parent{... on Issue{comments(first:9){nodes{body}}}}}}}'),
    "graphql-field",
  ],
  "issue-type-onwards": [
    q('{repository(owner:"acme",name:"api"){issue(number:1){issueType{issues(first:9){nodes{title}}}}}}'),
    "graphql-field",
  ],
  "author-repositories": [
    q(
      '{repository(owner:"acme",name:"api"){issue(number:1){author{... on User{repositories(first:9){nodes{name}}}}}}}',
    ),
    "graphql-field",
  ],
  "closing-issues": [
    q('{repository(owner:"acme",name:"api"){pullRequest(number:1){closingIssuesReferences(first:9){nodes{title}}}}}'),
    "graphql-field",
  ],
  "associated-pulls": [
    q(
      '{repository(owner:"acme",name:"api"){object(expression:"main"){... on Commit{associatedPullRequests(first:9){nodes{title}}}}}}',
    ),
    "graphql-field",
  ],
  timeline: [
    q(
      '{repository(owner:"acme",name:"api"){issue(number:1){timelineItems(first:9){nodes{... on CrossReferencedEvent{source{... on Issue{title body}}}}}}}}',
    ),
    "graphql-field",
  ],
  submodules: [q('{repository(owner:"acme",name:"api"){submodules(first:9){nodes{gitUrl}}}}'), "graphql-field"],
  "deploy-keys": [q('{repository(owner:"acme",name:"api"){deployKeys(first:9){nodes{title}}}}'), "graphql-field"],
  collaborators: [q('{repository(owner:"acme",name:"api"){collaborators(first:9){nodes{login}}}}'), "graphql-field"],
  "condition-elsewhere": [q('{repository(owner:"acme",name:"api"){... on Organization{id}}}'), "graphql-field"],
  "condition-node": [q('{repository(owner:"acme",name:"api"){... on Node{id}}}'), "graphql-field"],
  "schema-alias": [q("{__schema{types{gatehouseType:description}}}"), "graphql-field"],
  "schema-mutation": [q("mutation{__schema{types{name}}}"), "graphql-argument", "graphql-field"],
  directive: [q('{repository(owner:"acme",name:"api")@defer{id}}'), "graphql-directive"],
  "operation-directive": [q(`query @live{${API}}`), "graphql-directive"],
  "variable-directive": [q(`query($a:Int @x){${API}}`), "graphql-directive"],
  "fragment-directive": [q("{...F @stream} fragment F on Query{viewer{login}}"), "graphql-directive"],
  "fragment-cycle": [q("{...A} fragment A on Query{...B} fragment B on Query{...A}"), "graphql-malformed"],
  "fragment-missing": [q("{...A}"), "graphql-malformed"],
  "fragment-twice": [
    q(`{...A} fragment A on Query{viewer{login}} fragment A on Query{${SECRETS}}`),
    "graphql-malformed",
  ],
  "scalar-with-selection": [q('{repository(owner:"acme",name:"api"){id{x}}}'), "graphql-malformed"],
  "object-without-selection": [q('{repository(owner:"acme",name:"api")}'), "graphql-malformed"],
  "search-number": [q("{search(query:1,type:ISSUE,first:9){nodes{... on Issue{title}}}}"), "search-not-scoped"],
  "review-of-nothing": [mutation("submitPullRequestReview", { event: "COMMENT", body: "x" }), "graphql-id"],
  "label-id": [
    mutation("addLabelsToLabelable", { labelableId: "{issueNode}", labelIds: ['x") { id } }'] }),
    "graphql-argument",
  ],
  "unknown-argument": [q('{repository(owner:"acme",name:"api",x:1){id}}'), "graphql-argument"],
  "page-size": [q('{repository(owner:"acme",name:"api"){issues(first:101){totalCount}}}'), "graphql-argument"],
  "page-size-negative": [q('{repository(owner:"acme",name:"api"){issues(first:-1){totalCount}}}'), "graphql-argument"],
  "page-size-variable": [
    q('query($n:Int!){repository(owner:"acme",name:"api"){issues(first:$n){totalCount}}}', { n: 1000000 }),
    "graphql-argument",
  ],
  depth: [
    q(
      `{repository(owner:"acme",name:"api"){object(expression:"main"){... on Commit{${"parents(first:1){nodes{".repeat(12)}oid${"}}".repeat(12)}}}}}`,
    ),
    "graphql-depth",
  ],
  cost: [
    q(
      '{repository(owner:"acme",name:"api"){issues(first:100){nodes{comments(first:100){nodes{reactionGroups{users(first:100){nodes{login}}}}}}}}}',
    ),
    "graphql-cost",
  ],
  width: [
    q(`{${Array.from({ length: 700 }, (_, i) => `a${i}:viewer{login}`).join(" ")}}`),
    "graphql-malformed",
    "graphql-cost",
  ],
  "fragment-bomb": [
    q(
      `{...F0} ${Array.from({ length: 14 }, (_, i) => `fragment F${i} on Query{...F${i + 1} ...F${i + 1}}`).join(" ")} fragment F14 on Query{viewer{login}}`,
    ),
    "graphql-cost",
    "graphql-depth",
  ],
  "search-everything": [
    q('{search(query:"secret",type:ISSUE,first:9){nodes{... on Issue{title}}}}'),
    "search-not-scoped",
  ],
  "search-organization": [
    q('{search(query:"org:acme secret",type:ISSUE,first:9){nodes{... on Issue{title}}}}'),
    "search-not-scoped",
  ],
  "search-or": [
    q('{search(query:"repo:acme/api OR repo:acme/secrets",type:ISSUE,first:9){nodes{... on Issue{title}}}}'),
    "search-not-scoped",
  ],
  "search-second": [
    q('{search(query:"repo:acme/api repo:acme/secrets",type:ISSUE,first:9){nodes{... on Issue{title}}}}'),
    "search-not-scoped",
  ],
  "search-quoted": [
    q('{search(query:"repo:\\"acme/secrets\\" repo:acme/api",type:ISSUE,first:9){nodes{... on Issue{title}}}}'),
    "search-not-scoped",
  ],
  "search-variable": [
    q("query($q:String!){search(query:$q,type:REPOSITORY,first:9){nodes{... on Repository{name}}}}", {
      q: "user:acme",
    }),
    "search-not-scoped",
  ],
  "node-number": [q("{node(id:123){id}}"), "graphql-id"],
  "node-missing": [q("query($i:ID){node(id:$i){id}}"), "graphql-id"],
  "nodes-nested": [q("query($i:[ID!]!){nodes(ids:$i){id}}", { i: [["{secretsNode}"]] }), "graphql-id"],
  "nodes-many": [
    q("query($i:[ID!]!){nodes(ids:$i){id}}", { i: Array.from({ length: 51 }, () => "{apiNode}") }),
    "graphql-id",
  ],
  "node-injection": [q("query($i:ID!){node(id:$i){id}}", { i: 'x") { id } }' }), "graphql-id"],
  "ref-compare-fork": [
    q(
      '{repository(owner:"acme",name:"api"){ref(qualifiedName:"refs/heads/main"){compare(headRef:"other-org:main"){aheadBy}}}}',
    ),
    "fork-not-allowed",
    "graphql-argument",
  ],

  ready: [mutation("markPullRequestReadyForReview", { pullRequestId: "{pullNode}" }), "pull-request-ready"],
  merge: [mutation("mergePullRequest", { pullRequestId: "{pullNode}" }), "pull-request-merge"],
  "auto-merge": [mutation("enablePullRequestAutoMerge", { pullRequestId: "{pullNode}" }), "pull-request-auto-merge"],
  enqueue: [mutation("enqueuePullRequest", { pullRequestId: "{pullNode}" }), "pull-request-merge"],
  "merge-branch": [
    mutation("mergeBranch", { repositoryId: "{apiNode}", base: "main", head: "claude/start" }),
    "pull-request-merge",
  ],
  "delete-ref": [mutation("deleteRef", { refId: "x" }), "ref-delete"],
  "update-ref": [mutation("updateRef", { refId: "x", oid: "{main}", force: true }), "ref-update-closed"],
  "update-refs": [
    mutation("updateRefs", {
      repositoryId: "{apiNode}",
      refUpdates: [{ name: "refs/heads/main", afterOid: "{head}" }],
    }),
    "ref-update-closed",
  ],
  dismiss: [mutation("dismissPullRequestReview", { pullRequestReviewId: "x", message: "x" }), "review-dismiss"],
  "create-repository": [mutation("createRepository", { name: "leak", visibility: "PUBLIC" }), "route-closed"],
  "clone-template": [
    mutation("cloneTemplateRepository", {
      repositoryId: "{apiNode}",
      name: "leak",
      visibility: "PUBLIC",
      ownerId: "x",
    }),
    "route-closed",
  ],
  "update-repository": [mutation("updateRepository", { repositoryId: "{apiNode}", description: "x" }), "route-closed"],
  archive: [mutation("archiveRepository", { repositoryId: "{apiNode}" }), "route-closed"],
  protection: [mutation("deleteBranchProtectionRule", { branchProtectionRuleId: "x" }), "protection-bypass"],
  ruleset: [mutation("createRepositoryRuleset", { name: "x" }), "protection-bypass"],
  "transfer-issue": [
    mutation("transferIssue", { issueId: "{issueNode}", repositoryId: "{secretsNode}" }),
    "route-closed",
  ],
  "unknown-mutation": [mutation("addStar", { starrableId: "{secretsNode}" }), "graphql-field"],
  "change-role": [mutation("updateEnterpriseAdministratorRole", { login: "claude-bot" }), "graphql-field"],
  "mutation-alias": [
    q('mutation{addComment:mergePullRequest(input:{pullRequestId:"{pullNode}"}){clientMutationId}}'),
    "pull-request-merge",
  ],
  "mutation-two": [
    q(
      'mutation{a:addComment(input:{subjectId:"{issueNode}",body:"x"}){clientMutationId} b:mergePullRequest(input:{pullRequestId:"{pullNode}"}){clientMutationId}}',
    ),
    "graphql-operations",
  ],
  "mutation-fragment": [
    q('mutation{...M} fragment M on Mutation{mergePullRequest(input:{pullRequestId:"{pullNode}"}){clientMutationId}}'),
    "graphql-operations",
  ],
  "mutation-inline": [
    q('mutation{...{mergePullRequest(input:{pullRequestId:"{pullNode}"}){clientMutationId}}}'),
    "graphql-operations",
  ],
  "mutation-skip": [
    q('mutation{addComment(input:{subjectId:"{issueNode}",body:"x"}) @include(if:true){clientMutationId}}'),
    "graphql-directive",
  ],
  "mutation-payload": [
    q('mutation{addComment(input:{subjectId:"{issueNode}",body:"x"}){subject{... on Organization{login}}}}'),
    "graphql-field",
  ],
  "pull-in-read-only": [
    mutation("createPullRequest", {
      repositoryId: "{docsNode}",
      baseRefName: "main",
      headRefName: "claude/x",
      title: "x",
    }),
    "access-read-only",
  ],
  "pull-in-unlisted": [
    mutation("createPullRequest", {
      repositoryId: "{secretsNode}",
      baseRefName: "main",
      headRefName: "claude/x",
      title: "x",
    }),
    "repository-not-listed",
  ],
  "pull-from-other-branch": [
    mutation("createPullRequest", {
      repositoryId: "{apiNode}",
      baseRefName: "main",
      headRefName: "feature",
      title: "x",
    }),
    "ref-outside-agent-space",
  ],
  "pull-from-fork": [
    mutation("createPullRequest", {
      repositoryId: "{apiNode}",
      baseRefName: "main",
      headRefName: "other-org:claude/x",
      title: "x",
    }),
    "fork-not-allowed",
  ],
  "pull-head-repository": [
    mutation("createPullRequest", {
      repositoryId: "{apiNode}",
      headRepositoryId: "{secretsNode}",
      baseRefName: "main",
      headRefName: "claude/start",
      title: "x",
    }),
    "fork-not-allowed",
  ],
  "pull-legacy-id": [
    mutation("createPullRequest", {
      repositoryId: "MDEwOlJlcG9zaXRvcnkx",
      baseRefName: "main",
      headRefName: "claude/start",
      title: "x",
    }),
    "repository-not-listed",
  ],
  "pull-base-change": [
    mutation("updatePullRequest", { pullRequestId: "{pullNode}", baseRefName: "release" }),
    "body-key-not-allowed",
  ],
  approve: [mutation("addPullRequestReview", { pullRequestId: "{pullNode}", event: "APPROVE" }), "review-event"],
  "request-changes": [
    mutation("addPullRequestReview", { pullRequestId: "{pullNode}", event: "REQUEST_CHANGES" }),
    "review-event",
  ],
  "submit-approval": [
    mutation("submitPullRequestReview", { pullRequestId: "{pullNode}", event: "APPROVE" }),
    "review-event",
  ],
  "approve-inline": [
    q('mutation{addPullRequestReview(input:{pullRequestId:"{pullNode}",event:APPROVE}){clientMutationId}}'),
    "review-event",
  ],
  "approve-default": [
    q(
      'mutation($e:PullRequestReviewEvent=APPROVE){addPullRequestReview(input:{pullRequestId:"{pullNode}",event:$e}){clientMutationId}}',
    ),
    "review-event",
  ],
  "ref-main": [
    mutation("createRef", { repositoryId: "{apiNode}", name: "refs/heads/main2", oid: "{main}" }),
    "ref-outside-agent-space",
  ],
  "ref-tag": [
    mutation("createRef", { repositoryId: "{apiNode}", name: "refs/tags/v9", oid: "{main}" }),
    "ref-outside-agent-space",
  ],
  "commit-main": [
    mutation("createCommitOnBranch", {
      branch: { repositoryNameWithOwner: "acme/api", branchName: "main" },
      expectedHeadOid: "{main}",
      message: { headline: "x" },
      fileChanges: {},
    }),
    "ref-outside-agent-space",
  ],
  "commit-unlisted": [
    mutation("createCommitOnBranch", {
      branch: { repositoryNameWithOwner: "acme/secrets", branchName: "claude/x" },
      expectedHeadOid: "{main}",
      message: { headline: "x" },
    }),
    "repository-not-listed",
  ],
  "commit-read-only": [
    mutation("createCommitOnBranch", {
      branch: { repositoryNameWithOwner: "acme/docs", branchName: "claude/x" },
      expectedHeadOid: "{main}",
      message: { headline: "x" },
    }),
    "access-read-only",
  ],
  "commit-by-id": [
    mutation("createCommitOnBranch", { branch: { id: "x" }, expectedHeadOid: "{main}", message: { headline: "x" } }),
    "body-key-not-allowed",
    "graphql-id",
  ],
  "commit-workflow": [
    mutation("createCommitOnBranch", {
      branch: { repositoryNameWithOwner: "acme/api", branchName: "claude/start" },
      expectedHeadOid: "{head}",
      message: { headline: "x" },
      fileChanges: { additions: [{ path: ".github/workflows/evil.yml", contents: "eA==" }] },
    }),
    "protected-path",
  ],
  "commit-owners-removed": [
    mutation("createCommitOnBranch", {
      branch: { repositoryNameWithOwner: "acme/api", branchName: "claude/start" },
      expectedHeadOid: "{head}",
      message: { headline: "x" },
      fileChanges: { deletions: [{ path: "CODEOWNERS" }] },
    }),
    "protected-path",
  ],
  "commit-folder-removed": [
    mutation("createCommitOnBranch", {
      branch: { repositoryNameWithOwner: "acme/api", branchName: "claude/start" },
      expectedHeadOid: "{head}",
      message: { headline: "x" },
      fileChanges: { deletions: [{ path: ".github" }] },
    }),
    "protected-path",
  ],
  "commit-folder-replaced": [
    mutation("createCommitOnBranch", {
      branch: { repositoryNameWithOwner: "acme/api", branchName: "claude/start" },
      expectedHeadOid: "{head}",
      message: { headline: "x" },
      fileChanges: { additions: [{ path: ".github", contents: "eA==" }] },
    }),
    "protected-path",
  ],
  "commit-base64-spaces": [
    mutation("createCommitOnBranch", {
      branch: { repositoryNameWithOwner: "acme/api", branchName: "claude/start" },
      expectedHeadOid: "{head}",
      message: { headline: "x" },
      fileChanges: { additions: [{ path: "a.txt", contents: "e A==" }] },
    }),
    "body-value",
  ],
  "input-twice": [
    q("mutation($a:X,$b:X){addComment(input:$a,input:$b){clientMutationId}}", {
      a: { subjectId: "{issueNode}", body: "x" },
      b: { subjectId: "{secretsIssueNode}", body: "x" },
    }),
    "graphql-argument",
  ],
  "input-missing": [q("mutation{addComment{clientMutationId}}"), "graphql-argument"],
  "input-list": [
    q("mutation($a:X){addComment(input:$a){clientMutationId}}", { a: [{ subjectId: "{issueNode}", body: "x" }] }),
    "graphql-argument",
  ],
};

/** Refused when GitHub has told which repository an id belongs to; the request itself never gets there. */
const RESOLVED: Readonly<Record<string, Input>> = {
  "node-unlisted": [q('{node(id:"{secretsIssueNode}"){... on Issue{title body}}}'), "graphql-id"],
  "node-repository": [q('{node(id:"{secretsNode}"){... on Repository{name}}}'), "graphql-id"],
  "node-foreign": [q('{node(id:"{vaultNode}"){id}}'), "graphql-id"],
  "nodes-mixed": [
    q("query($i:[ID!]!){nodes(ids:$i){id ... on Issue{title}}}", { i: ["{issueNode}", "{secretsIssueNode}"] }),
    "graphql-id",
  ],
  "node-alias": [
    q('{a:node(id:"{issueNode}"){id} b:node(id:"{secretsIssueNode}"){... on Issue{title}}}'),
    "graphql-id",
  ],
  "node-fragment": [q('{...F} fragment F on Query{node(id:"{secretsIssueNode}"){... on Issue{title}}}'), "graphql-id"],
  "node-unknown": [q('{node(id:"I_kwDOAAAAAc4AAAAB"){id}}'), "graphql-id"],
  "comment-unlisted": [mutation("addComment", { subjectId: "{secretsIssueNode}", body: "x" }), "graphql-id"],
  "comment-read-only": [mutation("addComment", { subjectId: "{docsIssueNode}", body: "x" }), "access-read-only"],
  "close-read-only": [mutation("closeIssue", { issueId: "{docsIssueNode}" }), "access-read-only"],
  "close-duplicate": [
    mutation("closeIssue", { issueId: "{issueNode}", duplicateIssueId: "{secretsIssueNode}" }),
    "graphql-id",
  ],
  "reaction-unlisted": [mutation("addReaction", { subjectId: "{secretsIssueNode}", content: "HEART" }), "graphql-id"],
  "label-read-only": [
    mutation("addLabelsToLabelable", { labelableId: "{docsIssueNode}", labelIds: [] }),
    "access-read-only",
  ],
};

/**
 * Answers of a hostile GitHub that hold something of another repository: the rest of the query, the answer, and what
 * must be left of it.
 */
const ELSEWHERE: Readonly<Record<string, readonly [query: string, data: string, demand: string]>> = {
  "": [
    "id parent{id name description}}}",
    '{"id":"{apiNode}","parent":{"id":"{secretsNode}","gatehouseHome":"{secretsNode}","name":"secrets","description":"CANARY-OTHER-ORGANIZATION"}}',
    '"parent":null',
  ],
  "parent-by-clone-address": [
    "parent{databaseId sshUrl nameWithOwner}}}",
    '{"parent":{"databaseId":9,"sshUrl":"CANARY-OTHER-ORGANIZATION","nameWithOwner":"other-org/vault","gatehouseHome":"{vaultNode}"}}',
    '"parent":null',
  ],
  lists: [
    "pullRequests(first:2){nodes{h:headRepository{name}}}}}",
    '{"pullRequests":{"nodes":[{"h":{"gatehouseHome":"{apiNode}","name":"api"}},{"h":{"gatehouseHome":"{vaultNode}","name":"CANARY-OTHER-ORGANIZATION"}}]}}',
    '[{"h":{"name":"api"}},{"h":null}]',
  ],
  "without-an-answer-to-the-gate": [
    "parent{id description}}}",
    '{"parent":{"id":"{apiNode}","description":"CANARY-OTHER-ORGANIZATION"}}',
    '"parent":null',
  ],
  "fragment-of-a-fragment": [
    "...F}} fragment F on Repository{parent{...G}} fragment G on Repository{description}",
    '{"parent":{"description":"CANARY-OTHER-ORGANIZATION","gatehouseHome":"{secretsNode}"}}',
    '"parent":null',
  ],
  "condition-that-does-not-hold": [
    "parent{...{description}}}} fragment Unused on Repository{parent{name}}",
    '{"parent":{"description":"CANARY-OTHER-ORGANIZATION","gatehouseHome":["{apiNode}"]}}',
    '"parent":null',
  ],
  "sub-issues": [
    "issue(number:1){subIssues(first:9){nodes{title} edges{node{title}}}}}}",
    '{"issue":{"subIssues":{"nodes":[{"title":"mine","gatehouseHome":{"id":"{apiNode}"}},{"title":"CANARY-UNLISTED-ISSUE","gatehouseHome":{"id":"{secretsNode}"}}],"edges":[{"node":{"title":"CANARY-UNLISTED-ISSUE","gatehouseHome":{"id":"{secretsNode}"}}}]}}}',
    '{"nodes":[{"title":"mine"}],"edges":[{"node":null}]}',
  ],
  "issue-parent": [
    "issue(number:1){p:parent{title url} blocking(first:9){nodes{title}}}}}",
    '{"issue":{"p":{"title":"CANARY-UNLISTED-ISSUE","url":"u","gatehouseHome":{"id":"{secretsNode}"}},"blocking":{"nodes":[{"title":"CANARY-UNLISTED-ISSUE","gatehouseHome":null}]}}}',
    '{"p":null,"blocking":{"nodes":[]}}',
  ],
};

/** Bodies that are not what they seem. */
const RAW: Readonly<
  Record<string, readonly [ask: Ask, guard: Attack["guard"], ...orElse: NonNullable<Attack["orElse"]>]>
> = {
  "key-twice": [text(`{"query":"{viewer{login}}","query":"{${SECRETS.replace(/"/g, '\\"')}}"}`), "body-duplicate-key"],
  "key-twice-escaped": [text('{"query":"{viewer{login}}","qu\\u0065ry":"{viewer{email}}"}'), "body-duplicate-key"],
  "variable-key-twice": [
    text(
      '{"query":"query($n:String!){repository(owner:\\"acme\\",name:$n){id}}","variables":{"n":"api","n":"secrets"}}',
    ),
    "body-duplicate-key",
  ],
  "get-query": [{ target: "/graphql?query={viewer{login}}" }, "graphql-malformed", "query-malformed"],
  "get-encoded": [{ target: "/graphql?query=%7Bviewer%7Blogin%7D%7D" }, "graphql-malformed"],
  "post-query-string": [
    { method: "POST", target: "/graphql?query=%7Bviewer%7Blogin%7D%7D", json: { query: "{viewer{login}}" } },
    "graphql-malformed",
  ],
  "content-graphql": [text("{viewer{login}}", "application/graphql"), "media-type"],
  "content-form": [text("query=%7Bviewer%7Blogin%7D%7D", "application/x-www-form-urlencoded"), "media-type"],
  "content-text": [text('{"query":"{viewer{login}}"}', "text/plain"), "media-type"],
  "content-multipart": [text("--x\r\n\r\n{}\r\n--x--", "multipart/form-data; boundary=x"), "media-type"],
  "content-utf-16": [text('{"query":"{viewer{login}}"}', "application/json; charset=utf-16"), "media-type"],
  "content-utf-7": [text('{"query":"{viewer{login}}"}', "application/json; charset=utf-7"), "media-type"],
  "content-none": [{ method: "POST", target: "/graphql", body: '{"query":"{viewer{login}}"}' }, "media-type"],
  "json-bom": [text('\ufeff{"query":"{viewer{login}}"}'), "body-malformed"],
  "json-comment": [text('{/*x*/"query":"{viewer{login}}"}'), "body-malformed"],
  "json-trailing": [text('{"query":"{viewer{login}}"}{"query":"{viewer{email}}"}'), "body-malformed"],
  "json-single-quotes": [text("{'query':'{viewer{login}}'}"), "body-malformed"],
  "json-deep": [
    text(`{"query":"{viewer{login}}","variables":{"a":${"[".repeat(40)}${"]".repeat(40)}}}`),
    "body-too-deep",
  ],
  "json-number": [text('{"query":"{viewer{login}}","variables":{"a":12345678901234567890}}'), "body-number"],
  "json-surrogate": [text('{"query":"{viewer{login}}","variables":{"a":"\\ud800"}}'), "body-malformed"],
  syntax: [text('{"query":"{viewer{login"}'), "graphql-malformed"],
  tokens: [post({ query: `{${"viewer{login} ".repeat(2000)}}` }), "graphql-malformed"],
  long: [post({ query: `{viewer{login}}#${"x".repeat(110_000)}` }), "graphql-malformed"],
  put: [{ method: "PUT", target: "/graphql", json: { query: "{viewer{login}}" } }, "graphql-malformed"],
};

export const graphql: CaseFile = {
  class: 7,
  attacks: [
    ...each(INPUTS, ([body, guard, ...orElse], name) =>
      attack(`7.${name}`, name.replaceAll("-", " "), guard, post(body), { orElse }),
    ),
    ...each(RESOLVED, ([body, guard, ...orElse], name) =>
      attack(`7.${name}`, name.replaceAll("-", " "), guard, post(body), { orElse, lookups: RESOLVE }),
    ),
    ...each(RAW, ([ask, guard, ...orElse], name) =>
      attack(`7.raw-${name}`, name.replaceAll("-", " "), guard, ask, { orElse }),
    ),
    attack("7.closed-query", "a query where GraphQL is closed", "route-not-allowed", post(q(`{${API}}`)), {
      gate: "closed-routes",
    }),
    attack(
      "7.closed-mutation",
      "a mutation where writing is closed",
      "access-read-only",
      post(mutation("addComment", { subjectId: "{issueNode}", body: "x" })),
      { gate: "closed-routes" },
    ),
    ...each(ELSEWHERE, ([query, data, demand], name): Attack => ({
      id: `7.elsewhere${name === "" ? "" : `-${name}`}`,
      title: `what an answer holds of a repository that is not listed: ${name.replaceAll("-", " ") || "a parent"}`,
      guard: "filter:graphql-elsewhere",
      gate: "hostile",
      ask: post({ query: `{repository(owner:"acme",name:"api"){${query}` }),
      hostile: [{ body: `{"data":{"repository":${data}}}` }],
      reaches: /^POST \/api\/graphql$/,
      status: 200,
      demand,
      forbid: ["gatehouseHome"],
    })),
    {
      id: "7.introspection-type",
      title: "fields of a type that are closed",
      guard: "filter:graphql-introspection",
      gate: "hostile",
      ask: post({ query: '{t:__type(name:"Repository"){fields{n:name args{name}}}}' }),
      hostile: [
        {
          body: '{"data":{"t":{"gatehouseType":"Repository","gatehouseKind":"OBJECT","fields":[{"n":"id","args":[],"gatehouseField":"id"},{"n":"forks","args":[],"gatehouseField":"forks"},{"n":"issues","gatehouseField":"issues","args":[{"name":"filterBy","gatehouseArgument":"filterBy"},{"name":"everywhere","gatehouseArgument":"everywhere"}]}]}}}',
        },
      ],
      reaches: /^POST \/api\/graphql$/,
      status: 200,
      demand: '{"n":"issues","args":[{"name":"filterBy"}]}',
      forbid: ["forks", "everywhere", "gatehouseType", "gatehouseField", "gatehouseArgument"],
    },
    {
      id: "7.introspection-schema",
      title: "types and mutations that are closed",
      guard: "filter:graphql-introspection",
      gate: "hostile",
      ask: post({ query: "{__schema{types{...T}}} fragment T on __Type{name fields{name}}" }),
      hostile: [
        {
          body: '{"data":{"__schema":{"types":[{"name":"Enterprise","gatehouseType":"Enterprise","gatehouseKind":"OBJECT","fields":[]},{"name":"Mutation","gatehouseType":"Mutation","gatehouseKind":"OBJECT","fields":[{"name":"addComment","gatehouseField":"addComment"},{"name":"mergePullRequest","gatehouseField":"mergePullRequest"}]},{"name":"MergePullRequestInput","gatehouseType":"MergePullRequestInput","gatehouseKind":"INPUT_OBJECT","fields":null}]}}}',
        },
      ],
      reaches: /^POST \/api\/graphql$/,
      status: 200,
      demand: '{"types":[{"name":"Mutation","fields":[{"name":"addComment"}]}]}',
      forbid: ["Enterprise", "ergePullRequest", "gatehouseKind"],
    },
    {
      id: "7.elsewhere-garbled",
      title: "an answer that cannot be emptied because it is no JSON",
      guard: "answer-refused",
      gate: "hostile",
      ask: post({ query: '{repository(owner:"acme",name:"api"){parent{id description}}}' }),
      hostile: [{ body: "CANARY-OTHER-ORGANIZATION" }],
      reaches: /^POST \/api\/graphql$/,
    },
    {
      id: "7.elsewhere-without-home",
      title: "an object whose repository GitHub does not name, with an id that looks like a listed one",
      guard: "filter:graphql-elsewhere",
      gate: "hostile",
      ask: post({ query: '{repository(owner:"acme",name:"api"){parent{id description}}}' }),
      hostile: [
        {
          body: '{"data":{"repository":{"parent":{"id":"{apiNode}","gatehouseHome":null,"description":"CANARY-OTHER-ORGANIZATION"}}}}',
        },
      ],
      reaches: /^POST \/api\/graphql$/,
      status: 200,
      forbid: ["CANARY-OTHER-ORGANIZATION"],
    },
    {
      id: "7.resolved-short",
      title: "ids resolved in too small a number",
      guard: "graphql-id",
      gate: "hostile",
      ask: post({ query: '{a:node(id:"AAAA"){id} b:node(id:"BBBB"){id}}' }),
      hostile: [{ body: '{"data":{"nodes":[{"databaseId":{apiId}}]}}' }],
      reaches: /^POST \/api\/graphql$/,
    },
    {
      id: "7.resolved-error",
      title: "ids that GitHub fails to resolve",
      guard: "upstream-error",
      gate: "hostile",
      ask: post({ query: '{node(id:"AAAA"){id}}' }),
      hostile: [{ status: 500 }],
      reaches: /^POST \/api\/graphql$/,
    },
    ...(
      [
        [
          "7.file-in-wildcard-place",
          "a file in the place of a folder in which a pattern may match",
          "protected-path",
          '{"truncated":false,"tree":[{"path":"src","type":"tree"}]}',
        ],
        [
          "7.file-place-cut",
          "files in places that GitHub does not list",
          "change-not-inspectable",
          '{"truncated":true,"tree":[]}',
        ],
      ] as const
    ).map(([id, title, guard, body]): Attack => ({
      id,
      title,
      guard,
      gate: "hostile",
      hostile: [{ at: "/api/v3/repos/acme/api/compare", body: '{"files":[]}' }, { body }],
      reaches: /^GET /,
      atMost: 2,
      ask: post(
        mutation("createCommitOnBranch", {
          branch: { repositoryNameWithOwner: "acme/api", branchName: "claude/start" },
          expectedHeadOid: "{head}",
          message: { headline: "x" },
          fileChanges: {
            additions: [
              { path: "src", contents: "eA==" },
              { path: "b.txt", contents: "eA==" },
            ],
          },
        }),
      ),
    })),
    {
      id: "7.draft",
      title: "a pull request that is not a draft",
      guard: "filter:body-force",
      gate: "hostile",
      ask: post(
        mutation("createPullRequest", {
          repositoryId: "{apiNode}",
          baseRefName: "main",
          headRefName: "claude/start",
          title: "x",
          draft: false,
        }),
      ),
      hostile: [{ at: "/api/v3/repos/acme/api/compare", body: '{"files":[]}' }, { body: '{"data":{}}' }],
      reaches: /^(?:GET \/api\/v3\/repos\/acme\/api\/compare\/|POST \/api\/graphql$)/,
      atMost: 2,
      atLeast: 2,
      status: 200,
      forbidSent: ['"draft":false'],
    },
  ],
  twins: [
    twin(
      "7.twin-repository",
      "a listed repository",
      200,
      post({ query: '{repository(owner:"acme",name:"api"){id issues(first:2){nodes{title author{login}}}}}' }),
      "POST /api/graphql",
    ),
    twin(
      "7.twin-variables",
      "variables, fragments and aliases",
      200,
      post({
        query: 'query Q($n:String="docs"){d:repository(owner:"acme",name:$n){...F}} fragment F on Repository{id name}',
        variables: { n: "api" },
        operationName: "Q",
      }),
      "POST /api/graphql",
    ),
    twin(
      "7.twin-node",
      "a node of a listed repository",
      200,
      post({ query: "query($i:ID!){node(id:$i){... on Issue{title}}}", variables: { i: "{docsIssueNode}" } }),
      "POST /api/graphql",
    ),
    twin(
      "7.twin-search",
      "a scoped search",
      200,
      post({ query: '{search(query:"repo:acme/api greeting",type:ISSUE,first:2){nodes{... on Issue{title}}}}' }),
      "POST /api/graphql",
    ),
    twin(
      "7.twin-comment",
      "a comment",
      200,
      post(mutation("addComment", { subjectId: "{issueNode}", body: "A comment." })),
      "POST /api/graphql",
    ),
    twin(
      "7.twin-compare",
      "a comparison within the repository",
      200,
      post({
        query:
          '{repository(owner:"acme",name:"api"){ref(qualifiedName:"refs/heads/main"){compare(headRef:"claude/start"){aheadBy}}}}',
      }),
      "POST /api/graphql",
    ),
  ],
};
