import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { RuleId } from "../../gate/policy/refusals";
import type { Context, GateWay } from "./context";
import { bag, cannotTell, judged, text, unheard, type Question, type Said } from "./question";
import type { Call, Heard } from "./reader";

const AT = "the gate";

async function atGate(context: Context, ask: (gate: GateWay) => Promise<readonly Said[]>): Promise<readonly Said[]> {
  return "ask" in context.gate ? ask(context.gate.ask) : [cannotTell(AT, context.gate.lack)];
}

const health: Question = {
  id: "gate-health",
  section: "gate",
  title: "The gate answers",
  ask: (context) =>
    atGate(context, async ({ nobody, url }) => {
      const heard = await nobody.get("/_gate/health");
      return [
        heard.call.status === 0
          ? unheard(url, heard, "")
          : judged(
              url,
              heard.call.status === 204 ? [] : [`it answers ${heard.call.status}: this may be no gate`],
              "it does",
              [heard.call],
            ),
      ];
    }),
};

const ready: Question = {
  id: "gate-ready",
  section: "gate",
  title: "The gate reaches ledger, token and audit bucket, and is not stopped",
  ask: (context) =>
    atGate(context, async ({ agent, operator, url }) => {
      if ("lack" in operator) return [cannotTell(url, operator.lack)];
      if ("ask" in agent) await agent.ask.get(first(context)); // an isolate learns with a request that the gate was stopped
      const heard = await operator.ask.get("/_gate/ready");
      if (heard.call.status !== 200) return [unheard(url, heard, "the operator key")];
      const checks = bag(bag(heard.json()).checks);
      return [
        judged(
          url,
          Object.entries(checks)
            .filter(([, ok]) => ok !== true)
            .map(([name]) => `${name} is not as it should be`),
          Object.keys(checks).join(", "),
          [heard.call],
        ),
      ];
    }),
};

/** The gate's own word for a refusal, in REST's form or in GraphQL's; empty when the answer is no refusal of a gate. */
const ruleOf = (heard: Heard): string => {
  const answer = bag(heard.json());
  const [error] = Array.isArray(answer.errors) ? (answer.errors as unknown[]) : [];
  return text(bag(answer.gatehouse ?? bag(bag(error).extensions).gatehouse).rule);
};
export const requestIdOf = (heard: Heard): string => heard.header("x-gatehouse-request-id") ?? "";

interface Probe {
  readonly subject: string;
  readonly rules: readonly RuleId[];
  /** A request that would change nothing even if it passed. */
  send(context: Context, gate: GateWay & { readonly agent: { readonly ask: NonNullable<unknown> } }): Promise<Heard>;
}

/** Nobody's repository; whether it exists makes no difference to a gate that answers as declared. */
const UNLISTED = "gatehouse-assess-not-listed";
const agentGet =
  (path: (context: Context) => string): Probe["send"] =>
  async (context, { agent }) =>
    "lack" in agent ? Promise.reject(new Error("no key")) : agent.ask.get(path(context));
const first = ({ environment: { organization, repositories } }: Context): string =>
  `/repos/${organization}/${repositories[0]?.name ?? ""}`;

const PROBES: readonly Probe[] = [
  {
    subject: "a repository that is not listed",
    rules: ["repository-not-listed"],
    send: agentGet(({ environment }) => `/repos/${environment.organization}/${UNLISTED}`),
  },
  {
    subject: "a repository of another owner",
    rules: ["owner-not-allowed"],
    send: agentGet(() => "/repos/gatehouse-assess-nobody/anything"),
  },
  {
    subject: "the names of secrets",
    rules: ["secret-store"],
    send: agentGet((context) => `${first(context)}/actions/secrets`),
  },
  {
    subject: "the names of secrets that are kept for agents",
    rules: ["secret-store"],
    send: agentGet((context) => `${first(context)}/agents/secrets`),
  },
  {
    subject: "webhooks of a repository",
    rules: ["route-closed", "route-not-allowed"],
    send: agentGet((context) => `${first(context)}/hooks`),
  },
  { subject: "keys of the account", rules: ["route-closed", "route-not-allowed"], send: agentGet(() => "/user/keys") },
  {
    subject: "a path that climbs",
    rules: ["path-encoded-slash", "path-dot-segment", "path-encoding", "repository-not-listed"],
    send: agentGet((context) => `${first(context)}%2F..%2F${UNLISTED}`),
  },
  {
    subject: "the viewer's organizations, by GraphQL",
    rules: ["graphql-field"],
    send: async (_context, { agent }) =>
      "lack" in agent
        ? Promise.reject(new Error("no key"))
        : agent.ask.ask("/graphql", { query: "query { viewer { organizations(first: 1) { nodes { login } } } }" }),
  },
];

const refusals: Question = {
  id: "gate-refusals",
  section: "gate",
  title: "The gate refuses the agent what the posture closes, in its own words",
  controls: ["NIST SP 800-53 AC-3", "NIST SP 800-53 AC-6"],
  ask: (context) =>
    atGate(context, async (gate) => {
      const { agent } = gate;
      if ("lack" in agent) return [cannotTell(AT, agent.lack)];
      return Promise.all(
        PROBES.map(async (probe): Promise<Said> => {
          const heard = await probe.send(context, { ...gate, agent });
          const rule = ruleOf(heard);
          if (heard.call.status === 0 || heard.call.status === 429 || heard.call.status >= 500)
            return unheard(probe.subject, heard, "an answer of the gate");
          if (rule === "unauthenticated")
            return cannotTell(probe.subject, "the gate does not accept GATEHOUSE_GATE_KEY", [heard.call]);
          if (rule === "token-stopped")
            return cannotTell(probe.subject, "the gate is stopped by its operator", [heard.call]);
          if (rule === "" && observes(context))
            return cannotTell(probe.subject, "the gate observes for now, as declared", [heard.call]);
          const wrong = (probe.rules as readonly string[]).includes(rule)
            ? []
            : [
                rule === ""
                  ? `not refused by the gate: the answer is ${heard.call.status}`
                  : `refused for another reason: ${rule}`,
              ];
          return judged(probe.subject, wrong, `${heard.call.status} ${rule}`, [heard.call]);
        }),
      );
    }),
};

/** Whether the environment lets the gate observe today. */
function observes({ environment, now }: Context): boolean {
  const { mode } = environment.gate;
  return mode.kind === "observe" && now <= Date.parse(`${mode.until}T23:59:59Z`);
}

const mode: Question = {
  id: "gate-mode",
  section: "gate",
  title: "The gate enforces, or observes as declared",
  controls: ["NIST SP 800-53 AC-3"],
  ask: (context) =>
    atGate(context, async ({ agent }) => {
      if ("lack" in agent) return [cannotTell(AT, agent.lack)];
      const heard = await agent.ask.get(`/repos/${context.environment.organization}/${UNLISTED}`);
      const enforces = ruleOf(heard) === "repository-not-listed";
      if (!enforces && (ruleOf(heard) !== "" || ![200, 301, 404].includes(heard.call.status)))
        return [cannotTell(AT, `its answer does not tell: ${heard.call.status} ${ruleOf(heard)}`.trim(), [heard.call])];
      const declared = observes(context) ? "observe" : "enforce";
      return [
        judged(
          AT,
          enforces || declared === "observe" ? [] : ["it observes, and the environment says enforce"],
          enforces ? "it enforces" : "it observes, as declared",
          [heard.call],
        ),
      ];
    }),
};

const passing: Question = {
  id: "gate-serves",
  section: "gate",
  title: "The gate serves a listed repository with the token of its store",
  ask: (context) =>
    atGate(context, async ({ agent }) => {
      const subject = first(context).slice("/repos/".length);
      if ("lack" in agent) return [cannotTell(subject, agent.lack)];
      const heard = await agent.ask.get(first(context));
      if (heard.call.status === 0 || heard.call.status === 429)
        return [unheard(subject, heard, "an answer of the gate")];
      return [
        judged(subject, heard.call.status === 200 ? [] : [`${heard.call.status} ${ruleOf(heard)}`.trim()], "200", [
          heard.call,
        ]),
      ];
    }),
};

const keys: Question = {
  id: "gate-keys",
  section: "gate",
  title: "Without the right key nothing passes",
  controls: ["NIST SP 800-53 IA-2"],
  ask: (context) =>
    atGate(context, (gate) =>
      Promise.all(
        (
          [
            ["no key", gate.nobody],
            ["a wrong key", gate.wrongKey],
          ] as const
        ).map(async ([subject, reader]) => {
          const heard = await reader.get(first(context));
          if (heard.call.status === 0) return unheard(subject, heard, "");
          return judged(
            subject,
            heard.call.status === 401 && ruleOf(heard) === "unauthenticated"
              ? []
              : [`the answer is ${heard.call.status} ${ruleOf(heard)}`.trim()],
            "401 unauthenticated",
            [heard.call],
          );
        }),
      ),
    ),
};

/** A request whose target names another host, as a proxy would take it. Sent by hand, since no client library forms it. */
function elsewhere(url: string, target: string): Promise<{ status: number; lack: string }> {
  const at = new URL(url);
  const send = at.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((done) => {
    const asked = send(
      {
        host: at.hostname,
        port: at.port,
        method: "GET",
        path: target,
        timeout: 10_000,
        headers: { host: new URL(target).host },
      },
      (answer) => {
        answer.resume();
        done({ status: answer.statusCode ?? 0, lack: "" });
      },
    );
    asked.on("timeout", () => {
      asked.destroy(new Error("no answer in time"));
    });
    asked.on("error", (error) => {
      done({ status: 0, lack: error.message });
    });
    asked.end();
  });
}

const host: Question = {
  id: "gate-host",
  section: "gate",
  title: "The gate is no proxy to another host",
  controls: ["NIST SP 800-53 SC-7"],
  ask: (context) =>
    atGate(context, async ({ nobody, url }) => {
      const health = await nobody.get("/_gate/health");
      if (health.call.status === 0) return [unheard("another host", health, "")];
      const target = `${context.endpoints.api}/meta`; // public at GitHub: a proxy would answer 200
      const { status, lack } = await elsewhere(url, target);
      const call: Call = { system: AT, method: "GET", path: target, status };
      if (status === 0) return [judged("another host", [], `the connection ends: ${lack}`, [call])];
      return [judged("another host", status >= 400 ? [] : [`the answer is ${status}`], String(status), [call])];
    }),
};

export const GATE: readonly Question[] = [health, ready, refusals, mode, passing, keys, host];
