import {
  ACTORS,
  ATTACK_CLASSES,
  CATALOGUE,
  LOCKS_NEEDED,
  action as actionOf,
  enforcers,
  lock as lockOf,
  missingLocks,
  names,
  oneLockIsEnough,
  verdict,
  type Action,
  type AttackClass,
  type Environment,
  type LockId,
  type Place,
} from "../../infra/model";
import { anchor, code, pageHead, table, type DocumentInput } from "./posture";

const STRIDE = {
  S: "spoofing",
  T: "tampering",
  R: "repudiation",
  I: "information disclosure",
  D: "denial of service",
  E: "elevation of privilege",
} as const;

const PLACES: Readonly<Record<Place, string>> = {
  write: "write access",
  read: "read access",
  unlisted: "not listed",
  account: "the account",
};

/** `threat-model.md`: assets, actors, attack classes with the locks that stop each, and what remains. */
export function threatModelPage(input: DocumentInput): string {
  const { environment } = input;
  return [
    ...pageHead(
      input,
      "Threat model",
      `What could be done to \`${environment.organization}\` through the access of the agent \`${environment.agent.name}\` (account \`${environment.agent.machineUser}\`), who would do it, and which locks stop it.`,
      `Each dangerous action has at least ${LOCKS_NEEDED} locks with different enforcers, or a reason why one is enough: whatever disables one enforcer leaves the other.`,
      "`gatehouse sandbox drill` proves each lock by trying, with all other locks open. [data-flow.md](data-flow.md) shows the boundaries.",
      "",
    ),
    "## Assets",
    "",
    ...table(["asset", "where it lies", "why it matters"], assets(environment)),
    "",
    "## Actors",
    "",
    ...Object.values(ACTORS).map((who) => `- ${who}`),
    "",
    "For a token holder the gate's locks do not count, because the token works without the gate. The others do, and the token's life bounds the rest.",
    "",
    "Trusted: owners of the organization, administrators of Cloudflare and Vault, reviewers. They can open locks; `gatehouse assess` and GitHub's audit log show it.",
    "",
    "## Attack classes",
    "",
    ...table(
      ["class", "STRIDE", "by", "actions", "controls"],
      ATTACK_CLASSES.map(({ title, stride, actors, actions, controls }) => [
        `[${title}](#${anchor(title)})`,
        STRIDE[stride],
        actors.map((one) => ACTOR_WORDS[one]).join(", "),
        String(actions.filter((one) => rowsOf(environment, actionOf(one)).length > 0).length),
        controls.join(", "),
      ]).filter(([, , , count]) => count !== "0"),
    ),
    "",
    ...ATTACK_CLASSES.flatMap((one) => classOf(environment, one)),
    "## The locks",
    "",
    ...table(
      ["lock", "enforced by", "how it stops an action", "declared by"],
      locksOf(environment).map((id) => {
        const { enforcer, how, declaredBy } = lockOf(id);
        return [code(id), enforcer, how, declaredBy];
      }),
    ),
    "",
    ...residual(environment),
  ].join("\n");
}

const ACTOR_WORDS = {
  agent: "agent",
  author: "author of content",
  keyHolder: "key holder",
  tokenHolder: "token holder",
};

function assets(environment: Environment): string[][] {
  const { vault, auditBucket, gateScript } = names(environment);
  const list = (access: "read" | "write"): string =>
    environment.repositories
      .filter((one) => one.access === access)
      .map(({ name }) => code(name))
      .sort()
      .join(", ");
  const store = vault ? `Vault, ${code(`${vault.mount}/${vault.token}`)}` : "Workers KV, sealed";
  return [
    ...(list("write") === ""
      ? []
      : [["code that the agent may propose changes to", list("write"), "it becomes the product"]]),
    ...(list("read") === "" ? [] : [["code that the agent may read", list("read"), "it is private"]]),
    ["secrets of workflows", "GitHub Actions", "they open other systems"],
    ["rules: rulesets, branch protection, CODEOWNERS, workflows", "GitHub", "they hold the agent"],
    [
      `GitHub token (${environment.agent.credential.kind})`,
      store,
      "it opens the listed repositories without the gate's judgement",
    ],
    ...(environment.agent.credential.kind === "personal-access-token"
      ? []
      : [
          [
            "minting secret",
            vault ? `Vault, ${code(`${vault.mount}/${vault.minter}`)}` : "Workers KV, sealed",
            "it makes tokens",
          ],
        ]),
    ["gate key", "the agent's environment", "it opens what the gate opens, and nothing else"],
    [
      "operator key",
      vault ? `Vault, ${code(`${vault.mount}/${vault.operator}`)}` : "the stack's outputs",
      `it stops ${gateScript}`,
    ],
    ["audit trail", `R2, ${code(auditBucket)}`, "it shows what was done"],
    ["Pulumi state", "the state backend", "it holds generated secrets, encrypted"],
  ];
}

interface Row {
  readonly where: string;
  readonly locks: readonly LockId[];
  readonly why: string;
}

/** Where an action is forbidden in this posture; places with the same locks are one row. */
function rowsOf(environment: Environment, action: Action): Row[] {
  const places = (Object.keys(PLACES) as Place[]).filter(
    (place) =>
      place === "unlisted" || place === "account" || environment.repositories.some(({ access }) => access === place),
  );
  const rows = new Map<string, { places: string[]; locks: readonly LockId[]; why: string }>();
  for (const place of places) {
    const judged = verdict(environment, action, place);
    if (judged === undefined || judged.allowed) continue;
    const why =
      enforcers(judged.locks).length < LOCKS_NEEDED ? (oneLockIsEnough(action, place) ?? "one lock alone") : "";
    const key = JSON.stringify([judged.locks, why]);
    const row = rows.get(key) ?? { places: [], locks: judged.locks, why };
    row.places.push(PLACES[place]);
    rows.set(key, row);
  }
  return [...rows.values()].map(({ places: where, locks, why }) => ({ where: where.join(", "), locks, why }));
}

function classOf(environment: Environment, { title, actions }: AttackClass): string[] {
  const rows = actions.flatMap((id) => {
    const action = actionOf(id);
    return rowsOf(environment, action).map(({ where, locks, why }) => [
      action.title,
      where,
      action.danger || "A nuisance.",
      locks.map(code).join(", "),
      why === "" ? `${enforcers(locks).length} enforcers` : why,
    ]);
  });
  if (rows.length === 0) return [];
  return [`### ${title}`, "", ...table(["action", "where", "danger", "stopped by", "enough because of"], rows), ""];
}

function locksOf(environment: Environment): LockId[] {
  return [
    ...new Set(
      ATTACK_CLASSES.flatMap(({ actions }) =>
        actions.flatMap((id) => rowsOf(environment, actionOf(id)).flatMap(({ locks }) => locks)),
      ),
    ),
  ].sort();
}

/** What no lock covers. */
function residual(environment: Environment): string[] {
  const missing = Object.entries(missingLocks(environment));
  const limits = CATALOGUE.filter((action) => action.limit !== undefined && rowsOf(environment, action).length > 0).map(
    ({ title, limit = "" }) => [title, limit],
  );
  return [
    "## What remains",
    "",
    "- The agent may misuse what it is allowed: a draft pull request can hold harmful code. People review it; nothing of it reaches a protected branch without them.",
    "- A secret in a repository that the agent may read is read. Keep secrets out of repositories.",
    "- What the agent reads may reach the vendor of its model.",
    "- The agent's network must open nothing but the gate; the stack can only say which host that is.",
    "- Owners of the organization and administrators of Cloudflare and Vault can open locks.",
    "",
    ...(limits.length === 0 ? [] : [...table(["action", "what its locks do not cover"], limits), ""]),
    ...(missing.length === 0
      ? []
      : [
          "Locks that GitHub does not offer here:",
          "",
          ...table(
            ["lock", "would stop", "what it takes"],
            missing.map(([id, { actions, right }]) => [code(id), actions, right]),
          ),
          "",
        ]),
  ];
}
