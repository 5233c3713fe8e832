import { asRecord, asText, type JsonRecord } from "../../infra/config/json";
import { pulledLines } from "./lines";

export type GitHubSource = "audit-log" | "events" | "rule-suites" | "grants" | "webhooks";

/** One thing that GitHub recorded, as a line of `github.ndjson`. */
export interface GitHubEvent {
  readonly source: GitHubSource;
  /** In ISO 8601. */
  readonly at: string;
  readonly id: string;
  /** As GitHub gave it. */
  readonly event: JsonRecord;
}

/** The lines of `github.ndjson`. @throws CouldNotRun with the line that is none */
export const githubEvents = (file: string): GitHubEvent[] =>
  pulledLines(file, { at: "string", source: "string" }, "event");

/** What happened, whichever list GitHub told it in. */
export interface Happening {
  readonly at: string;
  readonly ms: number;
  /** In GitHub's own words: `git.push`, `PushEvent`, `api.request`. */
  readonly action: string;
  readonly actor: string;
  /** `owner/name`; empty when it concerns none. */
  readonly repository: string;
  /** Base64 SHA-256 of the token; empty where GitHub does not say. */
  readonly tokenSha256: string;
  readonly method: string;
  readonly path: string;
  readonly userAgent: string;
  readonly detail: string;
}

/** The event in one form; undefined for what tells no act, such as a token's grant. */
export function happening({ source, at, event }: GitHubEvent): Happening | undefined {
  const base = { at, ms: Date.parse(at), method: "", path: "", tokenSha256: "", userAgent: "", detail: "" };
  switch (source) {
    case "audit-log": {
      const path = asText(event.url_path).replace(/^\/api\/v3(?=\/)/, "");
      return {
        ...base,
        action: asText(event.action),
        actor: asText(event.actor),
        repository: asText(event.repo) || asText(event.repository),
        tokenSha256: asText(event.hashed_token),
        method: asText(event.request_method),
        path: path.split("?")[0] ?? "",
        userAgent: asText(event.user_agent),
        detail: [asText(event.request_method), path].filter((part) => part !== "").join(" "),
      };
    }
    case "events": {
      const payload = asRecord(event.payload);
      const number = asText(payload.number) || asText(asRecord(payload.issue).number);
      return {
        ...base,
        action: asText(event.type),
        actor: asText(asRecord(event.actor).login),
        repository: asText(asRecord(event.repo).name),
        detail: [asText(payload.action), asText(payload.ref), number && `#${number}`]
          .filter((part) => part !== "")
          .join(" "),
      };
    }
    case "rule-suites":
      return {
        ...base,
        action: "rule suite",
        actor: asText(event.actor_name),
        repository: asText(event.repository),
        detail: `${asText(event.ref)}, ${asText(event.result)}`,
      };
    case "webhooks": {
      const payload = asRecord(event.payload);
      const repository = asRecord(payload.repository);
      const name = asText(event.event);
      // Seconds, in a push; the delivery comes later.
      const pushed =
        name === "push" && typeof repository.pushed_at === "number" ? repository.pushed_at * 1000 : undefined;
      return {
        ...base,
        ...(pushed === undefined ? {} : { at: new Date(pushed).toISOString(), ms: pushed }),
        action: `webhook ${[name, asText(payload.action)].filter((part) => part !== "").join(".")}`,
        actor: asText(asRecord(payload.sender).login),
        repository: asText(repository.full_name),
        detail: asText(payload.ref),
      };
    }
    case "grants":
      return undefined;
  }
}
