import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { parseStackFile } from "../../infra/config";
import { HIDDEN_SECRETS } from "../../gate/policy/embed";
import { assess, QUESTIONS, type Assessment } from "../../cli/assess/assess";
import { assessContext, type Env } from "../../cli/live/context";
import { ambientEffects, type Fetch } from "../../rotation/effects";
import { gatehouse, ROOT, serve, type Ready, type Running } from "../support/sandbox";

jest.setTimeout(400_000);

const CONFIG = ["gatehouse:gate.requestsPerMinute=5000"];
/** What the sandbox's GitHub, like most organizations, does not give out. */
const UNTOLD = ["github-audit-log"];
const BOT = "claude-bot";

let ready: Ready;
let running: Running;
let env: Env;
beforeAll(async () => {
  ({ ready, running } = await serve(...CONFIG.flatMap((one) => ["--config", one])));
  env = { ...ready.env, GATEHOUSE_GATE_KEY: ready.gate.key, GATEHOUSE_GRANTS_TOKEN: await grantsToken() };
});
afterAll(async () => {
  running.child.kill("SIGTERM");
  await running.exited;
});

type Undo = () => Promise<unknown>;
type Body = Record<string, unknown>;

const send = async (
  base: string,
  headers: Record<string, string>,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> => {
  const form = body instanceof FormData;
  const answer = await fetch(`${base}${path}`, {
    method,
    headers: { ...headers, ...(form || body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
// oxlint-disable-next-line typescript/no-explicit-any -- answers of many shapes
const github = (method: string, path: string, body?: unknown): Promise<any> =>
  send(ready.github.api, { authorization: `Bearer ${ready.github.token}` }, method, path, body);
// oxlint-disable-next-line typescript/no-explicit-any -- answers of many shapes
const vault = (method: string, path: string, body?: unknown): Promise<any> =>
  send(`${ready.vault.addr}/v1`, { "x-vault-token": ready.vault.token }, method, path, body);
// oxlint-disable-next-line typescript/no-explicit-any -- answers of many shapes
const cloudflare = (method: string, path: string, body?: unknown): Promise<any> =>
  send(
    `${ready.cloudflare.api}/accounts/${ready.cloudflare.accountId}`,
    { authorization: `Bearer ${ready.cloudflare.token}` },
    method,
    path,
    body,
  );

// oxlint-disable-next-line typescript/no-explicit-any -- answers of many shapes
const mint = (body: Body): Promise<any> => send(ready.github.api, {}, "POST", "/_sandbox/tokens", body);
const grantsToken = async (): Promise<string> =>
  (
    await mint({
      kind: "app-installation",
      organization: "acme",
      permissions: { organization_personal_access_tokens: "read" },
    })
  ).token as string;

/**
 * An assessment in this process. @param alter changes single answers, for what cannot be broken in the systems
 * themselves
 */
async function asked(
  alter?: (url: string, answer: Response) => Promise<Response | undefined>,
  overrides: readonly string[] = CONFIG,
  surroundings: Env = env,
): Promise<Assessment> {
  const environment = parseStackFile(readFileSync(join(ROOT, "Pulumi.dev.yaml"), "utf8"), "Pulumi.dev.yaml", [
    ...overrides,
  ]);
  const fetcher: Fetch = async (url, init) => {
    const answer = await fetch(url, init);
    return (await alter?.(url, answer.clone())) ?? answer;
  };
  return assess(
    await assessContext("dev", environment, surroundings, { effects: ambientEffects(() => undefined, fetcher) }),
  );
}
const failing = ({ answers }: Assessment): string[] =>
  [...new Set(answers.filter(({ result }) => result === "fail").map(({ question }) => question))].sort();
const untold = ({ answers }: Assessment): string[] =>
  [...new Set(answers.filter(({ result }) => result === "cannot tell").map(({ question }) => question))].sort();
const reasons = ({ answers }: Assessment): string[] =>
  answers
    .filter(({ result }) => result === "fail")
    .map(({ question, subject, reason }) => `${question} ${subject}: ${reason}`);

/** Changes a ruleset of api and says how to undo it. */
async function ruleset(
  key: string,
  change: (
    body: Body & {
      rules: Body[];
      conditions: { ref_name: { include: string[]; exclude: string[] } };
      bypass_actors: Body[];
    },
  ) => void,
): Promise<Undo> {
  const list = (await github("GET", "/repos/acme/api/rulesets")) as { id: number; name: string }[];
  const id = list.find(({ name }) => name.includes(key))?.id;
  const path = `/repos/acme/api/rulesets/${id}`;
  const before = await github("GET", path);
  const writable = ({ name, target, enforcement, bypass_actors, conditions, rules }: Body) => ({
    name,
    target,
    enforcement,
    bypass_actors,
    rules,
    ...(conditions ? { conditions } : {}),
  });
  const after = structuredClone(before);
  change(after);
  await github("PUT", path, writable(after));
  return () => github("PUT", path, writable(before));
}
async function extraRuleset(body: Body): Promise<Undo> {
  const { id } = await github("POST", "/repos/acme/api/rulesets", {
    name: "made by somebody",
    enforcement: "active",
    target: "branch",
    ...body,
  });
  return () => github("DELETE", `/repos/acme/api/rulesets/${id}`);
}
async function codeOwners(change: (text: string) => string): Promise<Undo> {
  const path = "/repos/acme/api/contents/.github/CODEOWNERS";
  const put = async (text: string): Promise<unknown> =>
    github("PUT", path, {
      message: "owners",
      content: Buffer.from(text).toString("base64"),
      sha: (await github("GET", path)).sha,
      branch: "main",
    });
  const before = Buffer.from((await github("GET", path)).content, "base64").toString();
  await put(change(before));
  return () => put(before);
}
async function vaultWrite(path: string, change: (data: Body) => Body): Promise<Undo> {
  const before = (await vault("GET", path)).data as Body;
  await vault("POST", path, change(structuredClone(before)));
  return () => vault("POST", path, before);
}
/** Changes fields of something in Vault that keeps the fields that are not sent. */
async function vaultFields(path: string, during: Body): Promise<Undo> {
  const before = (await vault("GET", path)).data as Body;
  await vault("POST", path, during);
  return () => vault("POST", path, Object.fromEntries(Object.keys(during).map((key) => [key, before[key]])));
}
const notes = (change: Body): Promise<Undo> => {
  const path = `/agents/metadata/github/${BOT}`;
  return vaultWriteNotes(path, change);
};
async function vaultWriteNotes(path: string, change: Body): Promise<Undo> {
  const before = ((await vault("GET", path)).data as { custom_metadata: Body }).custom_metadata;
  await vault("POST", path, { custom_metadata: { ...before, ...change } });
  return () => vault("POST", path, { custom_metadata: before });
}
const SCRIPT = "/workers/scripts/github-gate-dev";
/** Uploads the gate anew with other bindings or another policy, as somebody with the account's credentials could. */
async function gate(change: (parts: { bindings: Body[]; policy: Body }) => void): Promise<Undo> {
  const { bindings, compatibility_date } = (await cloudflare("GET", `${SCRIPT}/settings`)).result as {
    bindings: Body[];
    compatibility_date: string;
  };
  const raw = (await cloudflare("GET", `${SCRIPT}/content/v2`)) as string;
  const module = raw.slice(raw.indexOf("\r\n\r\n") + 4, raw.lastIndexOf("\r\n--"));
  const upload = (content: string, held: readonly Body[]): Promise<unknown> => {
    const form = new FormData();
    // A secret's text is never given back: it is kept as it is.
    const kept = held.map((one) => (one.type === "secret_text" ? { name: one.name, type: "inherit" } : one));
    form.set(
      "metadata",
      JSON.stringify({
        main_module: "gate.js",
        compatibility_date,
        bindings: kept,
        observability: {
          enabled: true,
          head_sampling_rate: 1,
          logs: { enabled: true, head_sampling_rate: 1, invocation_logs: false },
        },
      }),
    );
    form.set("gate.js", new Blob([content], { type: "application/javascript+module" }), "gate.js");
    return cloudflare("PUT", SCRIPT, form);
  };
  const [start, end] = [module.indexOf("{"), module.indexOf("\n};") + 2];
  const parts = { bindings: structuredClone(bindings), policy: JSON.parse(module.slice(start, end)) as Body };
  change(parts);
  await upload(`${module.slice(0, start)}${JSON.stringify(parts.policy, null, 2)}${module.slice(end)}`, parts.bindings);
  return () => upload(module, bindings);
}
const teamRepo = (team: string, repository: string, permission: string, after: string | undefined): Promise<Undo> => {
  const path = `/orgs/acme/teams/${team}/repos/acme/${repository}`;
  return github("PUT", path, { permission }).then(
    () => () => (after === undefined ? github("DELETE", path) : github("PUT", path, { permission: after })),
  );
};
const member = (team: string, login: string): Promise<Undo> =>
  github("PUT", `/orgs/acme/teams/${team}/memberships/${login}`, { role: "member" }).then(
    () => () => github("DELETE", `/orgs/acme/teams/${team}/memberships/${login}`),
  );
const patched = (path: string, during: Body, after: Body): Promise<Undo> =>
  github("PATCH", path, during).then(() => () => github("PATCH", path, after));

/** One thing that somebody breaks, and exactly the questions that fail for it. */
const BREAKAGES: [string, string[], () => Promise<Undo>][] = [
  ["the token has expired", ["token-age"], () => notes({ expires_at: "2020-01-01T00:00:00Z" })],
  [
    "the gate's policy opens another path",
    ["vault-policies"],
    () =>
      vaultWrite(`/sys/policies/acl/gatehouse-${BOT}-gate`, (data) => ({
        policy: `${String(data.policy)}\npath "other/data/x" {\n  capabilities = ["read"]\n}\n`,
      })),
  ],
  [
    "another policy opens the token",
    ["vault-others"],
    async () => {
      await vault("PUT", "/sys/policies/acl/curious", {
        policy: 'path "agents/data/+/*" {\n  capabilities = ["read"]\n}',
      });
      return () => vault("DELETE", "/sys/policies/acl/curious");
    },
  ],
  [
    "the gate's sign-in lasts a day",
    ["vault-roles"],
    () => vaultFields(`/auth/gatehouse-gate/role/${BOT}`, { token_ttl: 86_400, token_max_ttl: 86_400 }),
  ],
  [
    "the rotator has a second policy",
    ["vault-roles"],
    () =>
      vaultFields(`/auth/gatehouse-gate/role/${BOT}-rotator`, {
        token_policies: [`gatehouse-${BOT}-rotator`, "curious"],
      }),
  ],
  [
    "any branch signs in from CI",
    ["vault-workflows"],
    () =>
      vaultWrite("/auth/gatehouse-ci/role/rotator", (data) => ({ ...data, bound_claims: { repository: "acme/docs" } })),
  ],
  ["writes need no check-and-set", ["vault-store"], () => vaultFields("/agents/config", { cas_required: false })],
  [
    "the gate holds another secret",
    ["worker-bindings"],
    async () => {
      await cloudflare("PUT", `${SCRIPT}/secrets`, { name: "EXTRA", text: "x", type: "secret_text" });
      return () => cloudflare("DELETE", `${SCRIPT}/secrets/EXTRA`);
    },
  ],
  [
    "the gate's answers lead elsewhere",
    ["worker-bindings"],
    () =>
      gate(({ bindings }) => {
        for (const one of bindings) if (one.name === "PUBLIC_URL") one.text = "https://gate.evil.example";
      }),
  ],
  [
    "the gate names no address of its own",
    ["worker-bindings"],
    () =>
      gate(({ bindings }) => {
        bindings.splice(
          bindings.findIndex(({ name }) => name === "PUBLIC_URL"),
          1,
        );
      }),
  ],
  [
    "a second agent key is good for ever",
    ["gate-key-ring"],
    () =>
      gate(({ bindings }) => {
        (bindings.find(({ name }) => name === "GATE_KEYS")?.json as Body[]).push({
          agent: "agent",
          sha256: "A".repeat(43),
        });
      }),
  ],

  [
    "the machine user is an owner",
    ["membership", "reach"],
    async () => {
      await github("PUT", `/orgs/acme/memberships/${BOT}`, { role: "admin" });
      return () => github("PUT", `/orgs/acme/memberships/${BOT}`, { role: "member" });
    },
  ],
  ["a person joins the machine user's team", ["teams"], () => member("agents", "reviewer-one")],
  ["the machine user joins a team of owners", ["owner-teams", "teams"], () => member("backend", BOT)],
  [
    "the team gets a repository that is not listed",
    ["reach", "team-grants"],
    () => teamRepo("agents", "secrets", "pull", undefined),
  ],
  [
    "the machine user gets a repository directly",
    ["reach"],
    async () => {
      await github("PUT", `/repos/acme/secrets/collaborators/${BOT}`, { permission: "pull" });
      return () => github("DELETE", `/repos/acme/secrets/collaborators/${BOT}`);
    },
  ],
  [
    "every member may read everything",
    ["organization-settings", "reach"],
    () => patched("/orgs/acme", { default_repository_permission: "read" }, { default_repository_permission: "none" }),
  ],
  [
    "a listed repository is archived",
    ["repositories"],
    () => patched("/repos/acme/docs", { archived: true }, { archived: false }),
  ],
  [
    "the machine user has a second token",
    ["token-grant"],
    async () => {
      const { token } = await mint({
        login: BOT,
        kind: "personal-access-token",
        permissions: { contents: "write" },
        repositories: ["api"],
        expiresInDays: 300,
      });
      return () => send(ready.github.api, {}, "POST", "/credentials/revoke", { credentials: [token] });
    },
  ],

  [
    "fewer approvals are asked for",
    ["rules-default-branch", "rulesets"],
    () =>
      ruleset("people review", ({ rules }) => {
        (rules.find(({ type }) => type === "pull_request")?.parameters as Body).required_approving_review_count = 0;
      }),
  ],
  [
    "a check counts from anybody",
    ["rules-default-branch", "rulesets"],
    () =>
      ruleset("people review", ({ rules }) => {
        delete (
          (
            rules.find(({ type }) => type === "required_status_checks")?.parameters as {
              required_status_checks: Body[];
            }
          ).required_status_checks[0] ?? {}
        ).integration_id;
      }),
  ],
  [
    "another rule keeps the agent from its branches",
    ["rules-agent-branch"],
    () =>
      extraRuleset({
        rules: [{ type: "creation" }],
        conditions: { ref_name: { include: ["refs/heads/claude/**/*"], exclude: [] } },
      }),
  ],
  [
    "branches of people are open",
    ["rules-other-branch", "rulesets"],
    () =>
      ruleset("stays on its branches", ({ conditions }) => {
        conditions.ref_name.exclude.push("refs/heads/feature/**/*");
      }),
  ],
  [
    "the ruleset of tags is off",
    ["rulesets"],
    () =>
      ruleset("makes no tags", (body) => {
        body.enforcement = "disabled";
      }),
  ],
  [
    "a protected path is forgotten",
    ["rulesets"],
    () =>
      ruleset("protected paths", ({ rules }) => {
        (rules[0]?.parameters as { restricted_file_paths: string[] }).restricted_file_paths.pop();
      }),
  ],
  [
    "a role passes the fence",
    ["bypass-actors"],
    () =>
      ruleset("stays on its branches", ({ bypass_actors }) => {
        bypass_actors.push({ actor_type: "RepositoryRole", actor_id: 5, bypass_mode: "always" });
      }),
  ],
  [
    "the write role passes the fence",
    ["bypass-actors", "bypass-agent"],
    () =>
      ruleset("stays on its branches", ({ bypass_actors }) => {
        bypass_actors.push({ actor_type: "RepositoryRole", actor_id: 4, bypass_mode: "always" });
      }),
  ],
  [
    "the machine user's team passes a ruleset of somebody else",
    ["bypass-agent"],
    async () =>
      extraRuleset({
        rules: [{ type: "deletion" }],
        conditions: { ref_name: { include: ["~ALL"], exclude: [] } },
        bypass_actors: [
          { actor_type: "Team", actor_id: (await github("GET", "/orgs/acme/teams/agents")).id, bypass_mode: "always" },
        ],
      }),
  ],
  [
    "owners may rewrite history",
    ["bypass-actors", "current-user-can-bypass"],
    () =>
      ruleset("keeps its history", (body) => {
        body.bypass_actors = [{ actor_type: "OrganizationAdmin", actor_id: 1, bypass_mode: "always" }];
      }),
  ],
  [
    "code owners need not review",
    ["branch-protection"],
    async () => {
      const path = "/repos/acme/api/branches/main/protection/required_pull_request_reviews";
      const { dismissal_restrictions } = await github("GET", path);
      await github("PATCH", path, { require_code_owner_reviews: false });
      return () =>
        github("PATCH", path, {
          require_code_owner_reviews: true,
          dismissal_restrictions: { teams: dismissal_restrictions.teams.map(({ slug }: { slug: string }) => slug) },
        });
    },
  ],
  [
    "workflows may approve",
    ["workflow-permissions"],
    async () => {
      const put = (can: boolean): Promise<unknown> =>
        github("PUT", "/repos/acme/api/actions/permissions/workflow", {
          default_workflow_permissions: "read",
          can_approve_pull_request_reviews: can,
        });
      await put(true);
      return () => put(false);
    },
  ],
  [
    "a line of CODEOWNERS names nobody",
    ["codeowners-errors"],
    () =>
      codeOwners((text) => text.replace(/^(# --- the repository's own lines.*)$/m, "$1\n/lib/ @acme/nobody-at-all")),
  ],
  [
    "a line after the last one takes workflows away",
    ["codeowners-content"],
    () => codeOwners((text) => `${text}/.github/workflows/ @acme/backend\n`),
  ],
  [
    "an owner team loses its write access",
    ["codeowners-errors", "owner-teams"],
    () => teamRepo("backend", "api", "pull", "push"),
  ],

  [
    "the operator has stopped the gate",
    ["gate-ready", "gate-serves"],
    async () => {
      const { data } = (await vault("GET", `/agents/data/github/${BOT}-operator`)) as {
        data: { data: { key: string } };
      };
      const stop = (on: boolean): Promise<unknown> =>
        send(ready.gate.url, { authorization: `Bearer ${data.data.key}` }, "POST", "/_gate/deny", { stop: on });
      await stop(true);
      await new Promise((resume) => {
        setTimeout(resume, 2_500);
      }); // every isolate has heard of it by then
      return () => stop(false);
    },
  ],
  [
    "the deployed gate lists another repository",
    ["gate-policy"],
    () =>
      gate(({ policy }) => {
        (policy.repositories as Body[]).push({
          name: "secrets",
          id: 1,
          nodeId: "R_1",
          access: "read",
          defaultBranch: "main",
          protectedPaths: [],
        });
      }),
  ],
  [
    "the ledger is on workers.dev",
    ["worker-addresses"],
    async () => {
      await cloudflare("POST", `${SCRIPT}-ledger/subdomain`, { enabled: true, previews_enabled: false });
      return () => cloudflare("POST", `${SCRIPT}-ledger/subdomain`, { enabled: false, previews_enabled: false });
    },
  ],

  ...(
    [
      ["the rotator is started once a day", `${SCRIPT}-rotator`, [{ cron: "0 3 * * *" }]],
      ["nothing starts the rotator", `${SCRIPT}-rotator`, []],
      ["nothing starts the gate's own check", SCRIPT, []],
      ["something starts the ledger", `${SCRIPT}-ledger`, [{ cron: "*/5 * * * *" }]],
    ] as const
  ).map(([title, script, wrong]): (typeof BREAKAGES)[number] => [
    title,
    ["worker-schedules"],
    async () => {
      const { schedules } = (await cloudflare("GET", `${script}/schedules`)).result as {
        schedules: { cron: string }[];
      };
      await cloudflare("PUT", `${script}/schedules`, wrong);
      return () =>
        cloudflare(
          "PUT",
          `${script}/schedules`,
          schedules.map(({ cron }) => ({ cron })),
        );
    },
  ]),

  [
    "the stored token is another one than the gate used",
    ["audit-token"],
    () => notes({ token_sha256: "B".repeat(43) + "=" }),
  ],
  [
    "the bucket's lock is shorter",
    ["bucket-lock"],
    async () => {
      const path = "/r2/buckets/acme-agent-audit-dev/lock";
      const { rules } = (await cloudflare("GET", path)).result;
      await cloudflare("PUT", path, { rules: [{ ...rules[0], condition: { type: "Age", maxAgeSeconds: 86_400 } }] });
      return () => cloudflare("PUT", path, { rules });
    },
  ],
  [
    "the webhook is switched off",
    ["organization-events"],
    async () => {
      const [{ id }] = await github("GET", "/orgs/acme/hooks");
      return patched(`/orgs/acme/hooks/${id}`, { active: false }, { active: true });
    },
  ],
];

/** What nobody can do to the sandbox's systems from outside: the answers are altered on their way. */
const replaced = (body: string, answer: Response): Response =>
  new Response(body, { status: answer.status, headers: answer.headers });
const ALTERED: [string, string[], (url: string, answer: Response) => Promise<Response | undefined>][] = [
  [
    "the machine user is an outside collaborator",
    ["outside-collaborators"],
    async (url, answer) =>
      url.includes("/outside_collaborators") ? replaced(JSON.stringify([{ login: "Claude-Bot" }]), answer) : undefined,
  ],
  [
    "something else answers for the gate",
    ["gate-health"],
    async (url) => (url.endsWith("/_gate/health") ? new Response("hello", { status: 200 }) : undefined),
  ],
  [
    "the gate takes any key",
    ["gate-keys"],
    async (url, answer) =>
      url.startsWith(ready.gate.url) && answer.status === 401 ? new Response("{}", { status: 200 }) : undefined,
  ],
  [
    "the keys were made by a version that left them in clear",
    ["generated-secrets"],
    async (url, answer) =>
      url.includes("-dev/content/v2")
        ? replaced((await answer.clone().text()).replaceAll(HIDDEN_SECRETS, ""), answer)
        : undefined,
  ],
  [
    "the gate passes the names of secrets",
    ["gate-refusals"],
    async (url, answer) =>
      url.startsWith(ready.gate.url) && url.includes("/actions/secrets")
        ? new Response('{"secrets":[]}', { status: 200, headers: answer.headers })
        : undefined,
  ],
  ...(
    [
      ["workflows of GitHub's agent wait for nobody", '"require_actions_workflow_approval":true', "false"],
      ["GitHub's agent has no firewall", '"is_firewall_enabled":true', "false"],
    ] as const
  ).map(([what, set, value]): (typeof ALTERED)[number] => [
    what,
    ["other-agents"],
    async (url, answer) =>
      url.endsWith("/acme/api/copilot/cloud-agent/configuration")
        ? replaced((await answer.text()).replace(set, set.replace("true", value)), answer)
        : undefined,
  ]),
  [
    "anybody's comment starts GitHub's agent",
    ["other-agents"],
    async (url, answer) =>
      url.endsWith("/acme/api/copilot/cloud-agent/configuration")
        ? replaced(
            (await answer.text())
              .replace('"is_automations_enabled":false', '"is_automations_enabled":true')
              .replace('access_for_automation_triggers":true', 'access_for_automation_triggers":false'),
            answer,
          )
        : undefined,
  ],
  [
    "a record of the trail is gone",
    ["audit-chain"],
    async (url, answer) =>
      url.includes("/_gate/audit")
        ? replaced(
            (await answer.text())
              .split("\n")
              .filter((_, i) => i !== 3)
              .join("\n"),
            answer,
          )
        : undefined,
  ],
  [
    "a record of the trail was changed",
    ["audit-chain"],
    async (url, answer) =>
      url.includes("/_gate/audit")
        ? replaced((await answer.text()).replace('"method":"GET"', '"method":"PUT"'), answer)
        : undefined,
  ],
  [
    "GitHub knows a token that the gate never used",
    ["github-audit-log"],
    async (url) =>
      url.includes("/audit-log")
        ? new Response(JSON.stringify([{ action: "git.clone", hashed_token: "C".repeat(43) + "=" }]), { status: 200 })
        : undefined,
  ],
];

describe("a clean stack", () => {
  it("passes every question that can be told", async () => {
    const found = await asked();
    expect(reasons(found)).toEqual([]);
    expect(untold(found)).toEqual(UNTOLD);
    expect(found.counts.pass).toBeGreaterThan(50);
  });

  it("is only asked: GET and HEAD, queries of GraphQL, and nothing of it changes", async () => {
    const picture = async (): Promise<unknown> =>
      Promise.all([
        ...[
          "/orgs/acme",
          "/orgs/acme/teams",
          "/orgs/acme/hooks",
          "/orgs/acme/repos",
          "/repos/acme/api/rulesets",
          "/repos/acme/api/branches",
          "/repos/acme/api/pulls?state=all",
          "/repos/acme/api/branches/main/protection",
        ].map((path) => github("GET", path)),
        ...["", "-rotation", "-operator"].map(
          async (kind) => (await vault("GET", `/agents/metadata/github/${BOT}${kind}`)).data as unknown,
        ),
        cloudflare("GET", `${SCRIPT}/settings`),
        cloudflare("GET", "/r2/buckets/acme-agent-audit-dev/lock"),
      ]);
    const before = await picture();
    const sent: string[] = [];
    await send(ready.github.api, {}, "DELETE", "/_sandbox/requests");
    await send(ready.cloudflare.api, {}, "DELETE", "/_sandbox/requests");
    const real = globalThis.fetch;
    globalThis.fetch = (async (url: string, init?: RequestInit) => {
      sent.push(`${init?.method ?? "GET"} ${new URL(url).pathname}`);
      return real(url, init);
    }) as typeof fetch;
    try {
      await asked();
    } finally {
      globalThis.fetch = real;
    }
    const log = async (api: string): Promise<string[]> =>
      ((await send(api, {}, "GET", "/_sandbox/requests")) as { method: string; path: string }[]).map(
        ({ method, path }) => `${method} ${path}`,
      );
    const [atGitHub, atCloudflare] = await Promise.all([log(ready.github.api), log(ready.cloudflare.api)]);
    expect(atGitHub.length).toBeGreaterThan(30);
    expect(atCloudflare.length).toBeGreaterThan(5);
    const queries = ["POST /api/graphql", "POST /graphql"]; // GitHub's, and the one that the gate refuses
    for (const list of [sent, atGitHub, atCloudflare])
      expect(list.filter((one) => !/^(?:GET|HEAD) /.test(one) && !queries.includes(one))).toEqual([]);
    expect(await picture()).toEqual(before);
  });
});

describe("each thing that somebody breaks is found, and by no other question", () => {
  it.each(BREAKAGES)("%s", async (_, questions, breakIt) => {
    const undo = await breakIt();
    let found: Assessment;
    try {
      found = await asked();
    } finally {
      await undo();
    }
    expect([failing(found), reasons(found)]).toEqual([questions, expect.anything()]);
  });

  it.each(ALTERED)("%s", async (_, questions, alter) => {
    expect(failing(await asked(alter))).toEqual(questions);
  });

  it("a copy of the log is declared and does not run", async () => {
    expect(
      failing(
        await asked(undefined, [
          ...CONFIG,
          "gatehouse:audit.sinks[1].kind=logpush",
          "gatehouse:audit.sinks[1].destination=https://logs.acme.dev/in",
        ]),
      ),
    ).toEqual(["logpush"]);
  });

  it("the gate is an open proxy", async () => {
    const proxy = createServer((_request, answer) => {
      answer.writeHead(200).end("{}");
    });
    await new Promise<void>((up) => {
      proxy.listen(0, "127.0.0.1", up);
    });
    try {
      const found = await asked(undefined, CONFIG, {
        ...env,
        GATEHOUSE_GATE_URL: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      });
      expect(failing(found)).toContain("gate-host");
    } finally {
      proxy.close();
    }
  });

  it("all of it is undone", async () => {
    expect(reasons(await asked())).toEqual([]);
  });

  it("the gate observes: its records say so for good", async () => {
    const undo = await gate(({ policy }) => {
      policy.mode = { kind: "observe", until: "2099-12-31" };
    });
    let found: Assessment;
    try {
      found = await asked();
    } finally {
      await undo();
    }
    expect(failing(found)).toEqual(["audit-observed", "gate-mode", "gate-policy", "gate-refusals"]);
    expect(failing(await asked())).toEqual(["audit-observed"]);
  });
});

describe("every question", () => {
  it("has something in this file that makes it fail, or a reason why not", () => {
    const elsewhere = [
      "audit-fresh",
      "audit-gaps",
      "rotator-apart",
      "logpush",
      "gate-host",
      "gate-mode",
      "audit-observed",
    ];
    const broken = [...BREAKAGES, ...ALTERED].flatMap(([, questions]) => questions);
    expect(
      QUESTIONS.map(({ id }) => id)
        .filter((id) => !broken.includes(id))
        .sort(),
    ).toEqual([...elsewhere].sort());
  });
});

describe("what cannot be told", () => {
  it("is no failure: without any credential every answer says what it needs", async () => {
    const found = await asked(undefined, CONFIG, {
      VAULT_ADDR: ready.vault.addr,
      GATEHOUSE_GATE_URL: "http://127.0.0.1:9",
    });
    expect(found.counts).toMatchObject({ pass: 0, fail: 0 });
    for (const { reason } of found.answers)
      expect(reason).toMatch(
        /GITHUB_TOKEN|VAULT_TOKEN|GATEHOUSE_|CLOUDFLARE_API_TOKEN|operator key|the gate's address|no credential for Vault|did not answer/,
      );
  });

  it("is not taken for a failure when a credential may not see it", async () => {
    const weak = (
      await mint({
        login: "reviewer-one",
        kind: "personal-access-token",
        permissions: { metadata: "read" },
        repositories: ["api"],
        expiresInDays: 1,
      })
    ).token as string;
    const auditor = (
      await vault("POST", "/auth/token/create", {
        policies: [`gatehouse-${BOT}-auditor`],
        no_default_policy: true,
        ttl: "10m",
      })
    ).auth.client_token as string;
    const found = await asked(undefined, CONFIG, {
      ...env,
      GITHUB_TOKEN: weak,
      VAULT_TOKEN: auditor,
      GATEHOUSE_GRANTS_TOKEN: undefined,
    });
    expect(reasons(found).filter((reason) => !reason.startsWith("audit-observed"))).toEqual([]);
    const vaultAnswers = found.answers.filter(
      ({ question }) => question.startsWith("vault-") || question === "token-age",
    );
    expect(vaultAnswers.filter(({ result }) => result === "cannot tell").map(({ question }) => question)).toEqual([
      "vault-others",
    ]);
    expect(vaultAnswers.filter(({ result }) => result === "pass").length).toBeGreaterThan(8);
  });
});

describe("the command", () => {
  const run = (args: readonly string[], more: Record<string, string> = {}): Running =>
    gatehouse(["assess", "--stack", "dev", ...CONFIG.flatMap((one) => ["--config", one]), ...args], {
      env: { ...ready.env, ...more },
    });

  it("works with the sandbox's own environment, in each format", async () => {
    const found = run(["--json"]);
    expect(await found.exited).toBe(1); // the gate has observed a moment ago, and its trail remembers
    const { answers, counts } = JSON.parse(found.stdout()) as Assessment;
    expect(answers.filter(({ result }) => result === "fail").map(({ question }) => question)).toEqual([
      "audit-observed",
    ]);
    expect(answers.filter(({ result, calls }) => result !== "cannot tell" && calls.length === 0)).toEqual([]);
    expect(counts.pass).toBeGreaterThan(50);
    const sarif = run(["--format", "sarif"]);
    expect(await sarif.exited).toBe(1);
    expect((JSON.parse(sarif.stdout()) as { runs: { results: unknown[] }[] }).runs[0]?.results).toHaveLength(
      answers.filter(({ result }) => result !== "pass").length,
    );
    const text = run([]);
    await text.exited;
    for (const heading of ["Token handling", "Permission scoping", "Review rules", "Gate", "Audit-log completeness"])
      expect(text.stdout()).toContain(heading);
  });

  it("shows no credential in any format", async () => {
    for (const format of ["text", "json", "md", "sarif"]) {
      const found = run(["--format", format], { GATEHOUSE_GRANTS_TOKEN: String(env.GATEHOUSE_GRANTS_TOKEN) });
      await found.exited;
      for (const secret of [
        ready.github.token,
        ready.vault.token,
        ready.cloudflare.token,
        ready.gate.key,
        String(env.GATEHOUSE_GRANTS_TOKEN),
      ])
        expect(found.stdout() + found.stderr()).not.toContain(secret);
    }
  });

  it("says when it is used wrongly", async () => {
    for (const args of [
      ["--format", "pdf"],
      ["--audit-records", "0"],
      ["--output", "/no/such/folder/x"],
    ])
      expect(await run(args).exited).toBe(2);
  });
});
