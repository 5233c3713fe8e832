import type { GateKeyHash, SessionKey } from "../contract";
import type { AuditEntry } from "../policy/audit";
import { printable, type Refusal, type RuleId } from "../policy/refusals";
import { pathOf, targetOf } from "../policy/text/canonical";
import { passing, refusing, withoutSecrets, type Finding, type SecretRules } from "../policy/text/secrets";
import type { TargetVerdict } from "../policy/verdict";
import type { Background, GateEnv } from "./env";
import type { Admission } from "./ledger/client";
import { clientIpOf, originOf } from "./request/address";
import type { PushBody } from "./request/pushBody";
import type { Token } from "./upstream/token";

/** The gate's page that explains every rule (interfaces/rulesPage.ts). */
export const RULES_PAGE = "/_gate/docs";

/** The prefix of short-lived download addresses. What follows it is a bearer secret, so no record contains it. */
export const DOWNLOADS = "/_download/";

export const rulePage = (origin: string, rule: RuleId): string => `${origin}${RULES_PAGE}#${rule}`;

/** What an answer must repeat of its request. */
export interface McpRequest {
  readonly id: string | number | null;
  readonly modern: boolean;
  /** A call of a tool, whose refusal is a result that the model reads. */
  readonly isCall: boolean;
}

/** What is known so far about one request: for the steps that follow, for its answer and for its record. */
export class RequestContext {
  readonly startedAt = Date.now();
  agent = "";
  /** Base64url SHA-256 of the gate key that was shown. */
  gateKeySha256: string | undefined = undefined;
  /** The session that the gate key belongs to. */
  session: string | undefined = undefined;
  verdict: TargetVerdict | undefined = undefined;
  /**
   * Route and repository of a request to an interface without path templates (git, GraphQL, LFS, downloads, operators).
   */
  route = "";
  repository = "";
  token: Token | undefined = undefined;
  admission: Admission | undefined = undefined;
  decision: AuditEntry["decision"] = "allow";
  refusal: Refusal | undefined = undefined;
  findings: readonly Finding[] = [];
  /** What the record's path must not show beside the public formats, once a secret was found. */
  hidden: SecretRules | undefined = undefined;
  write = false;
  /** The body of a push, once reading has begun. */
  push: PushBody | undefined = undefined;
  bytesIn = 0;
  bytesOut = 0;
  /** The record is written later, when the body has been streamed. */
  streaming = false;

  /** Of a request to `/mcp`, once its body is read. */
  mcp: McpRequest | undefined = undefined;
  target: string;
  method: string;
  /** The request's headers, read once, because each look-up in the original is a call into the runtime. */
  headers: ReadonlyMap<string, string>;
  /** The address of this gate (see `originOf`). */
  readonly origin: string;
  private readonly clientIp: string;

  constructor(
    readonly request: Request,
    readonly requestId: string,
    readonly background: Background,
    env: Pick<GateEnv, "PUBLIC_URL" | "CLIENT_IP_HEADER">,
  ) {
    const { url } = request;
    this.target = targetOf(url);
    this.origin = originOf(url, env.PUBLIC_URL);
    this.method = request.method;
    const headers = new Map<string, string>();
    request.headers.forEach((value, name) => headers.set(name, value));
    this.headers = headers;
    const trusted = env.CLIENT_IP_HEADER?.toLowerCase();
    // The runtime parses `cf` each time that it is asked for, so it is only where it decides.
    const isEdge = trusted === undefined && headers.has("cf-connecting-ip") && request.cf !== undefined;
    this.clientIp = clientIpOf(headers, isEdge, trusted);
  }

  /** A call of an MCP tool becomes the REST request it stands for. Nothing of the call's own headers goes on. */
  becomes(method: string, target: string): void {
    this.method = method;
    this.target = target;
    this.headers = new Map();
  }

  /** Base of the gate's addresses, such as `https://gate.example/api/v3`. */
  get base(): string {
    return this.origin + (this.verdict?.prefix ?? "");
  }

  /** Address at which this gate explains a rule. */
  rulePage(rule: RuleId): string {
    return rulePage(this.origin, rule);
  }

  /** Notes whose request it is. */
  isFrom(key: GateKeyHash | SessionKey): void {
    this.agent = key.agent;
    this.gateKeySha256 = key.sha256;
    if ("session" in key) this.session = key.session;
  }

  /** Adds findings to the record: at most twenty, those that refuse the request first. */
  addFindings(findings: readonly Finding[]): void {
    const all = [...this.findings, ...findings];
    this.findings = [...refusing(all), ...passing(all)].slice(0, 20);
  }

  entry(status: number): AuditEntry {
    const path = this.target.startsWith(DOWNLOADS) ? DOWNLOADS : pathOf(this.target);
    return {
      ts: new Date(this.startedAt).toISOString(),
      agent: this.agent,
      requestId: this.requestId,
      clientIp: printable(this.clientIp, 64),
      method: this.method,
      path: printable(withoutSecrets(path, this.hidden), 1024),
      route: this.verdict?.route?.id ?? this.route,
      repository: this.verdict?.repository?.fullName ?? this.repository,
      decision: this.decision,
      reason: this.refusal?.rule ?? "",
      status,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      ms: Date.now() - this.startedAt,
      tokenSha256: this.token?.sha256 ?? "",
      gateKeySha256: this.gateKeySha256,
      session: this.session,
      findings: this.findings,
    };
  }
}
