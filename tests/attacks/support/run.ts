import { createHash } from "node:crypto";
import { REFUSALS, type RuleId } from "../../../gate/policy/refusals";
import type { Gates } from "./gates";
import { filled, FORMS } from "./placeholders";
import type { Reached, Rig } from "./rig";
import { hasNewerServer } from "./runtime";
import { stateOf } from "./state";
import type { Ask, Attack, Twin } from "./types";
import { exchange, type Answer } from "./wire";

/** Headers that may reach GitHub: the gate's allow-list, and what the runtime itself adds. */
const SENT = new Set([
  "host",
  "authorization",
  "accept",
  "accept-encoding",
  "user-agent",
  "x-github-api-version",
  "if-none-match",
  "if-modified-since",
  "content-type",
  "content-length",
  "transfer-encoding",
  "git-protocol",
  "cf-worker",
  "connection",
  "cache-control",
  "pragma",
]);
/** Texts of places that no posture lists. */
const CANARIES = ["CANARY-UNLISTED-REPOSITORY", "CANARY-UNLISTED-ISSUE", "CANARY-OTHER-ORGANIZATION"];

export class Runner {
  /** Requests that reached GitHub, by gate and minute. */
  private readonly minutes = new Map<string, number>();

  constructor(
    readonly rig: Rig,
    readonly gates: Pick<Gates, "port" | "addresses">,
    readonly variant = "",
  ) {}

  /** Everything that does not hold about an attack; empty when it was stopped as it must be. */
  async attack(attack: Attack): Promise<string[]> {
    return (await this.watch(attack)).problems;
  }

  /** The same, and what was seen from outside: each answer's status and rule, and what reached GitHub. */
  async watch(given: Attack): Promise<{ readonly problems: string[]; readonly seen: string }> {
    const attack = hasNewerServer ? { ...given, ...given.newer } : given;
    const before = stateOf(this.rig.github.world);
    const { answers, reached, values } = await this.send(attack);
    const problems = this.invariants(answers, reached, attack);
    if (
      reached.some((r) => r.method !== "GET") &&
      attack.reaches === undefined &&
      stateOf(this.rig.github.world) !== before
    )
      problems.push("GitHub's state changed");
    const filter = attack.guard.startsWith("filter:");
    if (filter || attack.reaches !== undefined) {
      const strange = reached.filter((r) => attack.reaches?.test(`${r.method} ${r.url}`) !== true);
      if (strange.length > 0) problems.push(`reached GitHub: ${strange.map((r) => `${r.method} ${r.url}`).join(", ")}`);
      if (attack.perMinute !== undefined) {
        const window = `${attack.gate ?? ""} ${Math.floor(Date.now() / 60_000)}`;
        const all = (this.minutes.get(window) ?? 0) + reached.length;
        this.minutes.set(window, all);
        if (all > attack.perMinute)
          problems.push(`${all} requests reached GitHub within a minute, at most ${attack.perMinute} are allowed`);
      } else if (reached.length > (attack.atMost ?? 1))
        problems.push(`reached GitHub ${reached.length} times, at most ${attack.atMost ?? 1} are allowed`);
      const pushes = reached.filter((r) => r.url.endsWith("/git-receive-pack")).length;
      if (pushes > (attack.atMostPushes ?? Infinity))
        problems.push(`${pushes} pushes reached GitHub, at most ${attack.atMostPushes ?? 0} are allowed`);
      if (reached.length < (attack.atLeast ?? 0))
        problems.push(`reached GitHub ${reached.length} times, expected ${attack.atLeast ?? 0} or more`);
    } else problems.push(...stray(reached, attack.lookups ?? []));
    if (filter) problems.push(...this.filtered(attack, answers, reached, values));
    else if (
      !answers.some((a) => refusedBy(a, [attack.guard as RuleId | "runtime", ...(attack.orElse ?? [])])) &&
      !(answers.length === 0 && allowed(attack, "runtime"))
    ) {
      problems.push(`answered ${answers.map(shown).join(" and ") || "nothing"} instead of ${attack.guard}`);
    }
    // One request is one answer of the expected kind; only limits are about some of many.
    if (
      !filter &&
      attack.reaches === undefined &&
      answers.some((a) => a.status < 400 && !refusedInForm(a) && !attack.guard.startsWith("runtime")) &&
      attack.answers === undefined
    )
      problems.push("was let through");
    return {
      problems,
      seen: [...answers.map((a) => `${a.status} ${ruleOf(a)}`), ...reached.map((r) => `${r.method} ${r.url}`)].join(
        "\n",
      ),
    };
  }

  /** Everything that does not hold about a request that must pass. */
  async twin(given: Twin): Promise<string[]> {
    const twin = hasNewerServer ? { ...given, ...given.newer } : given;
    const { answers, reached, values } = await this.send(twin);
    const problems = this.invariants(answers, reached, { id: twin.id });
    const last = answers.at(-1);
    if (last?.status !== twin.status)
      problems.push(`answered ${last === undefined ? "nothing" : shown(last)} instead of ${twin.status}`);
    const sent = reached.at(-1);
    const wanted = twin.sent === null ? null : filled(twin.sent, values);
    if ((sent === undefined ? null : `${sent.method} ${sent.url}`) !== wanted)
      problems.push(
        `GitHub got ${sent === undefined ? "nothing" : `${sent.method} ${sent.url}`} instead of ${wanted ?? "nothing"}`,
      );
    return problems;
  }

  private async send(
    from: Attack | Twin,
  ): Promise<{ answers: Answer[]; reached: Reached[]; values: Record<string, string> }> {
    const port = this.gates.port(from.gate ?? "main", this.variant);
    const values = { ...this.rig.values(port), ...this.gates.addresses() };
    if (from.gate?.startsWith("limited") === true) await beginOfMinute();
    await this.rig.forget();
    this.rig.hostile.replies = (from.hostile ?? []).map((reply) => ({
      ...reply,
      ...(reply.at === undefined ? {} : { at: filled(reply.at, values) }),
      ...(typeof reply.body === "string" ? { body: filled(reply.body, values) } : {}),
      ...(reply.raw === undefined ? {} : { raw: filled(reply.raw, values) }),
      ...(reply.headers === undefined
        ? {}
        : {
            headers: Object.fromEntries(
              Object.entries(reply.headers).map(([name, value]) => [name, filled(value, values)]),
            ),
          }),
    }));
    const one = async (ask: Ask): Promise<Answer[]> =>
      exchange(port, this.bytes(ask, values), { methods: [ask.method ?? "GET"] });
    let answers: Answer[] = [];
    if (from.raw !== undefined)
      answers = await exchange(port, Buffer.from(filled(from.raw, values), "latin1"), {
        answers: from.answers ?? 1,
        timeoutMs: from.waitMs ?? ((from.answers ?? 1) > 1 ? 1500 : 8000),
      });
    else if (from.atOnce === true) answers = (await Promise.all((from.asks ?? []).map(one))).flat();
    else for (const ask of from.asks ?? []) answers.push(...(await one(ask)));
    if (from.carry !== undefined)
      values["carried"] = from.carry.exec(answers.map(textOf).join("\n"))?.[1] ?? "nothing-to-carry";
    if (from.pauseMs !== undefined) await new Promise((resolve) => setTimeout(resolve, from.pauseMs));
    if (from.ask !== undefined) answers.push(...(await one(from.ask)));
    return { answers, reached: await this.rig.reached(), values };
  }

  private bytes(ask: Ask, values: Readonly<Record<string, string>>): Buffer {
    const given =
      ask.json !== undefined
        ? filled(JSON.stringify(ask.json), values)
        : typeof ask.body === "function"
          ? ask.body(this.rig.kit)
          : ask.body;
    const body =
      given === undefined ? undefined : typeof given === "string" ? Buffer.from(filled(given, values), "utf8") : given;
    const own = new Set((ask.headers ?? []).map(([name]) => name.toLowerCase()));
    const lines = [`${ask.method ?? "GET"} ${filled(ask.target, values)} HTTP/1.1`];
    if (!own.has("host")) lines.push(`Host: ${values["host"] ?? ""}`);
    if (ask.authorization !== null && !own.has("authorization"))
      lines.push(`Authorization: ${filled(ask.authorization ?? "Bearer {key}", values)}`);
    if (ask.json !== undefined && !own.has("content-type")) lines.push("Content-Type: application/json");
    for (const [name, value] of ask.headers ?? []) lines.push(`${name}: ${filled(value, values)}`);
    if (ask.chunked === true) lines.push("Transfer-Encoding: chunked");
    else if (body !== undefined && !own.has("content-length")) lines.push(`Content-Length: ${body.length}`);
    const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
    if (body === undefined) return head;
    return ask.chunked === true
      ? Buffer.concat([head, Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n0\r\n\r\n")])
      : Buffer.concat([head, body]);
  }

  /**
   * What must hold whatever the case: no secret and nothing unlisted in an answer; only the token, and only
   * allow-listed headers, at GitHub.
   */
  private invariants(
    answers: readonly Answer[],
    reached: readonly Reached[],
    attack: { readonly id: string },
  ): string[] {
    const problems: string[] = [];
    const { token, key, operatorKey } = this.rig.secrets;
    for (const answer of answers) {
      const text = `${[...answer.headers].map(([name, lines]) => `${name}: ${lines.join(", ")}`).join("\n")}\n${answer.body.toString("latin1")}`;
      for (const [form, make] of Object.entries(FORMS)) {
        const shape = make(token);
        // A base64 of the token among other bytes differs at its ends only.
        if (text.includes(form.startsWith("base64-") ? shape.slice(4, -4) : shape))
          problems.push(`the answer holds the token (${form})`);
      }
      if (text.includes(key) || text.includes(operatorKey)) problems.push("the answer holds a key");
      for (const canary of CANARIES) if (text.includes(canary)) problems.push(`the answer holds ${canary}`);
    }
    const bearer = `sha256:${createHash("sha256").update(token).digest("base64")}`;
    for (const r of reached) {
      for (const name of Object.keys(r.headers)) if (!SENT.has(name)) problems.push(`GitHub got the header ${name}`);
      if (JSON.stringify(r.headers).includes(key) || r.url.includes(key) || r.body?.includes(key) === true)
        problems.push("GitHub got the gate key");
      const authorization = r.headers["authorization"];
      const api = r.url.startsWith("/api/") || r.url.includes(".git/");
      const right = r.hostile
        ? [`Bearer ${token}`, `Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`].includes(
            String(authorization),
          )
        : authorization === bearer;
      const changing = String(authorization).startsWith("Bearer changing-token-");
      if (api && !right && !changing) problems.push(`GitHub got another credential (${attack.id})`);
      if (!api && r.hostile && authorization !== undefined) problems.push(`${r.url} got the token`);
      if (!r.hostile && String(r.headers["host"]) !== new URL(this.rig.github.url).host)
        problems.push(`GitHub was called ${String(r.headers["host"])}`);
    }
    return problems;
  }

  private filtered(
    attack: Attack,
    answers: readonly Answer[],
    reached: readonly Reached[],
    values: Readonly<Record<string, string>>,
  ): string[] {
    const problems: string[] = [];
    const last = answers.at(-1);
    if (last === undefined) return ["got no answer"];
    if (attack.status !== undefined && last.status !== attack.status)
      problems.push(`answered ${shown(last)} instead of ${attack.status}`);
    const texts = answers.map(textOf);
    for (const text of attack.forbid ?? [])
      if (texts.some((t) => t.includes(filled(text, values)))) problems.push(`the answer holds ${text}`);
    for (const name of attack.forbidHeaders ?? [])
      if (answers.some((a) => a.headers.has(name))) problems.push(`the answer has the header ${name}`);
    for (const [name, value] of Object.entries(attack.demandHeaders ?? {}))
      if (last.headers.get(name)?.join(", ") !== filled(value, values))
        problems.push(`the answer has ${name}: ${last.headers.get(name)?.join(", ") ?? "nothing"}`);
    if (attack.demand !== undefined && texts.at(-1)?.includes(filled(attack.demand, values)) !== true)
      problems.push(`the answer does not hold ${attack.demand}: ${shown(last)}`);
    for (const text of attack.forbidSent ?? []) {
      const sent = filled(text, values);
      if (
        reached.some((r) =>
          `${r.method} ${r.url} ${JSON.stringify(r.headers)} ${r.body?.toString("utf8") ?? ""}`.includes(sent),
        )
      )
        problems.push(`GitHub got ${text}`);
    }
    return problems;
  }
}

/** Limits count by the minute: waits the end of one out, so that a burst falls into a single window. */
async function beginOfMinute(): Promise<void> {
  const left = 60_000 - (Date.now() % 60_000);
  if (left < 6000) await new Promise((resolve) => setTimeout(resolve, left + 50));
}

const allowed = (attack: Attack, rule: RuleId | "runtime"): boolean =>
  attack.guard === rule || attack.orElse?.includes(rule) === true;

/** What reached GitHub beside the look-ups; at most one look-up may be anything but a GET. */
function stray(reached: readonly Reached[], lookups: readonly RegExp[]): string[] {
  const strange = reached.filter((r) => !lookups.some((pattern) => pattern.test(`${r.method} ${r.url}`)));
  const posts = reached.filter((r) => r.method !== "GET");
  const problems =
    strange.length > 0 ? [`reached GitHub: ${strange.map((r) => `${r.method} ${r.url}`).join(", ")}`] : [];
  if (posts.length > 1)
    problems.push(`reached GitHub after a look-up: ${posts.map((r) => `${r.method} ${r.url}`).join(", ")}`);
  return problems;
}

/**
 * The rule that an answer names, in JSON, GraphQL's errors, MCP or git's own protocol; `runtime` when workerd itself
 * refused.
 */
function ruleOf(answer: Answer): string {
  const type = answer.headers.get("content-type")?.join() ?? "";
  const text = answer.body.toString("utf8");
  if (/^text\/plain|^application\/x-git-(?:upload|receive)-pack-result$/.test(type)) {
    const rule = /(?:^|ERR |ng \S+ )([a-z0-9-]+): /.exec(text)?.[1] ?? "";
    if (Object.hasOwn(REFUSALS, rule)) return rule;
  }
  try {
    const body = JSON.parse(text) as Named & {
      errors?: { extensions?: Named }[];
      error?: { data?: Named };
      result?: { _meta?: Named };
    };
    const named =
      body.gatehouse ??
      body.errors?.[0]?.extensions?.gatehouse ??
      body.error?.data?.gatehouse ??
      body.result?._meta?.gatehouse;
    return named?.rule ?? "none";
  } catch {
    return answer.status >= 400 ? "runtime" : "none";
  }
}

interface Named {
  readonly gatehouse?: { readonly rule?: string };
}

/**
 * Refused in the client's own form: git, GraphQL and MCP clients show nothing of an HTTP error, so there a refusal has
 * the status 200.
 */
const refusedInForm = (answer: Answer): boolean => answer.status === 200 && ruleOf(answer) !== "none";

function refusedBy(answer: Answer, rules: readonly (RuleId | "runtime")[]): boolean {
  const rule = ruleOf(answer);
  return rules.some(
    (r) => r === rule && (r === "runtime" || REFUSALS[r][0] === answer.status || refusedInForm(answer)),
  );
}

/** An answer's headers and body. */
const textOf = (answer: Answer): string =>
  `${[...answer.headers].map(([name, lines]) => `${name}: ${lines.join(", ")}`).join("\n")}\n${answer.body.toString("utf8")}`;

const shown = (answer: Answer): string =>
  `${answer.status} ${ruleOf(answer) === "none" ? answer.body.toString("utf8").slice(0, 120) : ruleOf(answer)}`;
