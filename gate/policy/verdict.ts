import type { CompiledRepository } from "./compiled";
import type { Lookup } from "./lookups";
import { Refusal, type RuleId } from "./refusals";
import type { Route } from "./rest/routes";
import { refusing, type Finding } from "./text/secrets";

/** Which interface of the gate a path belongs to. */
export type Interface = "rest" | "graphql" | "git" | "control";

/** The part of a decision that needs no body: where the request goes, or why it does not. */
export class TargetVerdict {
  refusal: Refusal | undefined = undefined;
  kind: Interface = "rest";
  route: Route | undefined = undefined;
  /** Action of the access model, also of a refused request where it is known. */
  action = "";
  repository: CompiledRepository | undefined = undefined;
  /** Path and query below the upstream's base: exactly what is sent. */
  sent = "";
  /** Prefix under which the agent talks REST (`/api/v3` or empty), for the links of the answer. */
  prefix = "";
  /** The value of the parameter `path`, or of `agentRef`, decoded. */
  path = "";
  /** The value of the parameter `label`, decoded. */
  label = "";

  refuse(rule: RuleId | Refusal, at = ""): this {
    this.refusal = typeof rule === "string" ? new Refusal(rule, at) : rule;
    return this;
  }
}

/** A body that may pass. `text` is what is sent: written anew from the judged value, so that no second reading exists; undefined when there is none. */
export interface JudgedBody {
  readonly text: string | undefined;
  readonly lookups: readonly Lookup[];
  /** What looks like a credential and is allowed; for the record. */
  readonly findings: readonly Finding[];
  /** Set when the text depends on what the pull request or the issue has now. */
  readonly deferred?: DeferredBody;
}

/** What must be read before a body can be written: a path of the API, and what is made of its answer. */
export interface DeferredBody {
  readonly path: string;
  finish(answer: unknown): string | Refusal;
}

/** A refusal for what the content holds; the record keeps the findings, never the content. */
export class SecretRefusal extends Refusal {
  /** @param why more than the rule that was broken */
  constructor(
    readonly findings: readonly Finding[],
    why = "",
  ) {
    super("secret-in-content", `${refusing(findings)[0]?.rule ?? ""}${why === "" ? "" : `; ${why}`}`);
  }
}
