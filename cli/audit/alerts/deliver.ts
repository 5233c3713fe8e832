import { createHash } from "node:crypto";
import { asRecord, asText } from "../../../infra/config/json";
import type { Effects } from "../../../rotation/effects";
import { messageOf } from "../../../rotation/errors";
import type { NotifyAdapter } from "../../../rotation/notify/types";
import { request, type Answer } from "../../../rotation/wire";
import type { Alert } from "./rules";

/** The label by which the issues of alerts are found again. */
const ALERT_LABEL = "gatehouse-alert";
/** Issues that one run opens at most: a person reads no more. */
const MAX_ISSUES = 20;

/** A short name for an alert's id, the same in every run: in the issue, and as the webhook's message id. */
export const fingerprint = (alert: Alert): string => createHash("sha256").update(alert.id).digest("hex").slice(0, 32);

/** Where issues are opened. */
export interface IssuePlace {
  readonly effects: Effects;
  /** GitHub's API. */
  readonly api: string;
  /** `owner/name`. */
  readonly repository: string;
  /** May write issues there; not the machine user's. */
  readonly token: string;
}

export interface Told {
  readonly says: readonly string[];
  readonly failed: readonly string[];
  /** Ids of the alerts that everybody was told of. */
  readonly ids: readonly string[];
}

/**
 * Tells of alerts: a signed message each to the webhook, one issue each in the repository. An alert that has an issue
 * already, open or closed, gets no second one; the webhook's message has the same id each time.
 */
export async function tell(
  alerts: readonly Alert[],
  { webhook, issues }: { readonly webhook?: NotifyAdapter | undefined; readonly issues?: IssuePlace | undefined },
): Promise<Told> {
  const says: string[] = [];
  const failed: string[] = [];
  const ids: string[] = [];
  let known: ReadonlySet<string> | undefined;
  let opened = 0;
  for (const alert of alerts) {
    try {
      await webhook?.deliver({
        id: `msg_${fingerprint(alert)}`,
        type: `audit.${alert.rule}`,
        at: alert.at,
        data: { id: alert.id, severity: alert.severity, says: alert.says, first: alert.first },
      });
      if (issues !== undefined) {
        known ??= await knownIssues(issues);
        if (!known.has(fingerprint(alert))) {
          if (opened >= MAX_ISSUES) continue;
          opened++;
          says.push(`opened issue #${await openIssue(issues, alert)}: ${alert.rule}`);
        }
      }
      ids.push(alert.id);
    } catch (error) {
      failed.push(messageOf(error));
      // What fails for one fails for the next; the next run tells the rest.
      break;
    }
  }
  return { says, failed, ids };
}

/** At the end alone: what stands before it, an agent may have written. */
const MARK = /<!-- gatehouse-alert ([0-9a-f]{32}) -->\s*$/;

async function ask(
  { effects, api, token }: IssuePlace,
  method: string,
  path: string,
  what: string,
  json?: unknown,
): Promise<Answer> {
  const answer = await request(effects, {
    system: "GitHub",
    what,
    method,
    url: `${api}${path}`,
    headers: {
      accept: "application/vnd.github+json",
      "x-github-api-version": "2022-11-28",
      "user-agent": "gatehouse-audit",
      authorization: `Bearer ${token}`,
    },
    ...(json === undefined ? {} : { json }),
  });
  if (answer.status > 299)
    throw new Error(`GitHub does not ${what}: ${answer.status} ${asText(answer.json().message)}`);
  return answer;
}

/** Alerts that have an issue, open or closed. */
async function knownIssues(place: IssuePlace): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  for (let page = 1; page <= 10; page++) {
    const path = `/repos/${place.repository}/issues?state=all&labels=${ALERT_LABEL}&per_page=100&page=${page}`;
    const found = JSON.parse((await ask(place, "GET", path, "list the issues of alerts")).text) as unknown[];
    for (const one of found) {
      const mark = MARK.exec(asText(asRecord(one).body))?.[1];
      if (mark !== undefined) known.add(mark);
    }
    if (found.length < 100) break;
  }
  return known;
}

async function openIssue(place: IssuePlace, alert: Alert): Promise<string> {
  const answer = await ask(place, "POST", `/repos/${place.repository}/issues`, "open an issue", {
    title: `${alert.rule} (${alert.severity})`,
    body: issueText(alert),
    labels: [ALERT_LABEL],
  });
  return String(answer.json().number);
}

/** What the agent wrote may stand in it: as code, so that it names nobody and links nowhere. */
export function issueText(alert: Alert): string {
  const quoted = alert.says.replace(/[`\p{Cc}]/gu, " ").slice(0, 2000);
  return [
    `At ${alert.at}:`,
    "",
    "```text",
    quoted,
    "```",
    "",
    `**First:** ${alert.first}`,
    "",
    "Close this issue when it is done; `gatehouse audit alert` opens no second one.",
    "",
    `<!-- gatehouse-alert ${fingerprint(alert)} -->`,
  ].join("\n");
}
