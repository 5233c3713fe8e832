import { randomId, iso } from "./text";
import { messageOf } from "./errors";
import { GitHubApi, githubMessage } from "./github";
import { mintLink } from "./minters";
import type { Effects } from "./effects";
import type { NotifyAdapter } from "./notify/types";
import type { RotationPlan } from "./plan";
import type { Level, Status } from "./status";

/** The label by which a reminder issue is found again, so that there is one and not one a day. */
const REMINDER_LABEL = "gatehouse-token";

export interface ReminderDeps {
  readonly effects: Effects;
  readonly plan: RotationPlan;
  readonly adapters: readonly NotifyAdapter[];
  /** May open issues in `gatehouse:rotation.repository`; not the machine user's. */
  readonly issueToken?: string;
}

export interface Reminded {
  readonly says: readonly string[];
  readonly failed: readonly string[];
}

const MESSAGE: Record<Level, string> = {
  ok: "token.ok",
  soon: "token.expiring",
  urgent: "token.expiring",
  interrupted: "token.interrupted",
  missing: "token.missing",
  expired: "token.expired",
};
const LOUDNESS: Record<Level, number> = { ok: 0, soon: 1, urgent: 2, interrupted: 2, missing: 3, expired: 3 };

/**
 * Tells people that a token needs them: one issue, opened when it is time, commented once at each louder stage, closed
 * when the token is replaced; and a signed message to each webhook, once a stage.
 * @param stage the loudest stage already told, from the last call; the caller keeps the returned one
 */
export async function remind(deps: ReminderDeps, status: Status, stage: number): Promise<Reminded & { stage: number }> {
  const loud = LOUDNESS[status.level];
  const says: string[] = [];
  const failed: string[] = [];
  if (deps.issueToken && deps.plan.repository) {
    try {
      const said = await keepIssue(deps, deps.plan.repository, deps.issueToken, status, loud, loud > stage);
      if (said) says.push(said);
    } catch (error) {
      failed.push(messageOf(error));
    }
  }
  if (loud > stage) {
    const message = {
      id: `msg_${randomId()}`,
      type: MESSAGE[status.level],
      at: iso(deps.effects.now()),
      data: {
        organization: deps.plan.organization,
        login: deps.plan.login,
        level: status.level,
        says: status.says,
        todo: status.todo,
        expiresAt: status.expiresAt ?? null,
      },
    };
    for (const adapter of deps.adapters) {
      try {
        await adapter.deliver(message);
        says.push(`told ${adapter.name}`);
      } catch (error) {
        failed.push(`${adapter.name}: ${messageOf(error)}`);
      }
    }
  }
  return { says, failed, stage: failed.length > 0 ? Math.min(stage, loud) : loud };
}

async function keepIssue(
  deps: ReminderDeps,
  repository: string,
  token: string,
  status: Status,
  loud: number,
  louder: boolean,
): Promise<string | undefined> {
  const { plan } = deps;
  const api = GitHubApi.as(deps.effects, plan, token);
  const base = `/repos/${plan.organization}/${repository}/issues`;
  const found = await api.send(
    "GET",
    `${base}?state=open&labels=${REMINDER_LABEL}&per_page=10`,
    "look for the reminder issue",
  );
  if (found.status !== 200) throw new Error(`no reminder issue in ${repository}: ${githubMessage(found)}`);
  const mine = (JSON.parse(found.text) as { number: number; title: string; pull_request?: unknown }[]).find(
    (i) => i.pull_request === undefined && i.title.includes(plan.login),
  );
  if (loud === 0) {
    if (!mine) return undefined;
    await api.send("PATCH", `${base}/${mine.number}`, "close the reminder issue", {
      json: { state: "closed", state_reason: "completed" },
    });
    return `closed reminder issue #${mine.number}`;
  }
  const body = reminderText(plan, status, deps.effects.now());
  if (!mine) {
    const opened = await api.send("POST", base, "open the reminder issue", {
      json: { title: `The GitHub token of ${plan.login} needs a person`, body, labels: [REMINDER_LABEL] },
    });
    if (opened.status !== 201) throw new Error(`no reminder issue in ${repository}: ${githubMessage(opened)}`);
    return `opened reminder issue #${String(opened.json().number)}`;
  }
  if (!louder) return undefined;
  await api.send("POST", `${base}/${mine.number}/comments`, "comment the reminder issue", { json: { body } });
  return `reminded again in issue #${mine.number}`;
}

/** What stands in the issue: what is wrong, by when, and each step. No secret. */
function reminderText(plan: RotationPlan, status: Status, now: number): string {
  const lines = [`${status.says[0]?.toUpperCase() ?? ""}${status.says.slice(1)}.`, ""];
  if (plan.kind === "personal-access-token") {
    lines.push(
      "GitHub lets only a person create this token. It takes two minutes:",
      "",
      `1. Sign in as \`${plan.login}\` and open [the filled-in token page](${mintLink(plan, now)}).`,
      `2. Under "Only select repositories" choose: ${plan.repositories.map((r) => `\`${r.name}\``).join(", ")}.`,
      "3. Generate it and give it to `gatehouse token rotate`, which reads it without showing it and does the rest.",
      "",
      "Never paste the token into this issue.",
    );
  } else lines.push("Next:", "", ...status.todo.map((step) => `- \`${step}\``));
  return lines.join("\n");
}
