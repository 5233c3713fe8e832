import type { CompiledRepository } from "./compiled";
import type { Lookup } from "./lookups";
import { Refusal, type RuleId } from "./refusals";
import type { Route } from "./rest/routes";
import { CANARY, refusing, type Finding } from "./text/secrets";

/** Which interface of the gate a path belongs to. */
export type Interface = "rest" | "graphql" | "git" | "control";

/** The part of a decision that needs no body: where the request goes, or why it is refused. */
export class TargetVerdict {
  refusal: Refusal | undefined = undefined;
  kind: Interface = "rest";
  route: Route | undefined = undefined;
  /** The action of the access model; if it is known, also of a refused request. */
  action = "";
  repository: CompiledRepository | undefined = undefined;
  /** Path and query below the upstream's base, exactly as they are sent. */
  sent = "";
  /** The prefix that the agent uses for REST (`/api/v3` or empty), for links in the answer. */
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

/**
 * A body that may pass. `text` is what is sent: written anew from the judged value, so that it has one reading.
 * Undefined if there is none.
 */
export interface JudgedBody {
  readonly text: string | undefined;
  readonly lookups: readonly Lookup[];
  /** Allowed findings, for the record. */
  readonly findings: readonly Finding[];
  /** Set if the text depends on the present state of the pull request or issue. */
  readonly deferred?: DeferredBody;
}

/** A body that can be written only after something was read: `finish` gets GitHub's answer for `path`. */
export interface DeferredBody {
  readonly path: string;
  finish(answer: unknown): string | Refusal;
}

/** A refusal because of a credential in the content. The record gets the findings, never the content. */
export class SecretRefusal extends Refusal {
  /** @param why more than the broken rule */
  constructor(
    readonly findings: readonly Finding[],
    why = "",
  ) {
    const refused = refusing(findings);
    const isCanary = refused.some(({ rule }) => rule === CANARY);
    const at = isCanary ? "" : (refused[0]?.rule ?? "");
    super(isCanary ? CANARY : "secret-in-content", [at, why].filter((part) => part !== "").join("; "));
  }
}
