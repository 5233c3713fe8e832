import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { RuleId } from "../../gate/policy/refusals";
import type { Context, GateClients } from "../live/context";
import type { Call, Response } from "../live/reader";
import { asRecord, asText, cannotTell, cannotTellFrom, judged, type Finding, type Question } from "./question";
import { GATE_SUBJECT, onGate } from "./systems";

const health: Question = {
  id: "gate-health",
  section: "gate",
  title: "The gate answers",
  ask: (context) =>
    onGate(context, async ({ nobody, url }) => {
      const response = await nobody.get("/_gate/health");
      return [
        response.call.status === 0
          ? cannotTellFrom(url, response, "")
          : judged(
              url,
              response.call.status === 204 ? [] : [`the answer is ${response.call.status}, where a gate answers 204`],
              "the answer is 204",
              [response.call],
            ),
      ];
    }),
};

const ready: Question = {
  id: "gate-ready",
  section: "gate",
  title: "The gate reaches its ledger, token and audit bucket, and its kill switch is off",
  ask: (context) =>
    onGate(context, async ({ agent, operator, url }) => {
      if ("missing" in operator) return [cannotTell(url, operator.missing)];
      if ("client" in agent) await agent.client.get(first(context)); // an isolate learns with a request that the gate was stopped
      const response = await operator.client.get("/_gate/ready");
      if (response.call.status !== 200) return [cannotTellFrom(url, response, "the operator key")];
      const checks = asRecord(asRecord(response.json()).checks);
      return [
        judged(
          url,
          Object.entries(checks)
            .filter(([, ok]) => ok !== true)
            .map(([name]) => `its check "${name}" fails`),
          Object.keys(checks).join(", "),
          [response.call],
        ),
      ];
    }),
};

/** The gate's own word for a refusal, in REST's form or in GraphQL's; empty when the answer is no refusal of a gate. */
const ruleOf = (response: Response): string => {
  const answer = asRecord(response.json());
  const [error] = Array.isArray(answer.errors) ? (answer.errors as unknown[]) : [];
  return asText(asRecord(answer.gatehouse ?? asRecord(asRecord(error).extensions).gatehouse).rule);
};
export const requestIdOf = (response: Response): string => response.header("x-gatehouse-request-id") ?? "";

interface Probe {
  readonly subject: string;
  readonly rules: readonly RuleId[];
  /** A request that would change nothing even if it passed. */
  send(
    context: Context,
    gate: GateClients & { readonly agent: { readonly client: NonNullable<unknown> } },
  ): Promise<Response>;
}

/** Nobody's repository; whether it exists makes no difference to a gate that answers as declared. */
const UNLISTED = "gatehouse-assess-not-listed";
const agentGet =
  (path: (context: Context) => string): Probe["send"] =>
  async (context, { agent }) =>
    "missing" in agent ? Promise.reject(new Error("no key")) : agent.client.get(path(context));
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
    subject: "the names of agents' secrets",
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
    subject: "a path with dot segments",
    rules: ["path-encoded-slash", "path-dot-segment", "path-encoding", "repository-not-listed"],
    send: agentGet((context) => `${first(context)}%2F..%2F${UNLISTED}`),
  },
  {
    subject: "the viewer's organizations, by GraphQL",
    rules: ["graphql-field"],
    send: async (_context, { agent }) =>
      "missing" in agent
        ? Promise.reject(new Error("no key"))
        : agent.client.ask("/graphql", { query: "query { viewer { organizations(first: 1) { nodes { login } } } }" }),
  },
];

const refusals: Question = {
  id: "gate-refusals",
  section: "gate",
  title: "The gate refuses what is closed to the agent, each by the right rule",
  controls: ["NIST SP 800-53 AC-3", "NIST SP 800-53 AC-6"],
  ask: (context) =>
    onGate(context, async (gate) => {
      const { agent } = gate;
      if ("missing" in agent) return [cannotTell(GATE_SUBJECT, agent.missing)];
      return Promise.all(
        PROBES.map(async (probe): Promise<Finding> => {
          const response = await probe.send(context, { ...gate, agent });
          const rule = ruleOf(response);
          if (response.call.status === 0 || response.call.status === 429 || response.call.status >= 500)
            return cannotTellFrom(probe.subject, response, "an answer of the gate");
          if (rule === "unauthenticated")
            return cannotTell(probe.subject, "the gate does not accept GATEHOUSE_GATE_KEY", [response.call]);
          if (rule === "token-stopped")
            return cannotTell(probe.subject, "the gate's kill switch is on", [response.call]);
          if (rule === "" && observes(context))
            return cannotTell(probe.subject, "the gate only observes for now, as declared", [response.call]);
          const wrong = (probe.rules as readonly string[]).includes(rule)
            ? []
            : [
                rule === ""
                  ? `not refused by the gate: the answer is ${response.call.status}`
                  : `refused for another reason: ${rule}`,
              ];
          return judged(probe.subject, wrong, `${response.call.status} ${rule}`, [response.call]);
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
  title: "The gate enforces its rules, or only observes where declared",
  controls: ["NIST SP 800-53 AC-3"],
  ask: (context) =>
    onGate(context, async ({ agent }) => {
      if ("missing" in agent) return [cannotTell(GATE_SUBJECT, agent.missing)];
      const response = await agent.client.get(`/repos/${context.environment.organization}/${UNLISTED}`);
      const enforces = ruleOf(response) === "repository-not-listed";
      if (!enforces && (ruleOf(response) !== "" || ![200, 301, 404].includes(response.call.status)))
        return [
          cannotTell(
            GATE_SUBJECT,
            `the answer does not show the mode: ${response.call.status} ${ruleOf(response)}`.trim(),
            [response.call],
          ),
        ];
      const declared = observes(context) ? "observe" : "enforce";
      return [
        judged(
          GATE_SUBJECT,
          enforces || declared === "observe" ? [] : ["it only observes, but the environment file says enforce"],
          enforces ? "it enforces" : "it only observes, as declared",
          [response.call],
        ),
      ];
    }),
};

const passing: Question = {
  id: "gate-serves",
  section: "gate",
  title: "The gate serves a listed repository with the stored token",
  ask: (context) =>
    onGate(context, async ({ agent }) => {
      const subject = first(context).slice("/repos/".length);
      if ("missing" in agent) return [cannotTell(subject, agent.missing)];
      const response = await agent.client.get(first(context));
      if (response.call.status === 0 || response.call.status === 429)
        return [cannotTellFrom(subject, response, "an answer of the gate")];
      return [
        judged(
          subject,
          response.call.status === 200 ? [] : [`${response.call.status} ${ruleOf(response)}`.trim()],
          "200",
          [response.call],
        ),
      ];
    }),
};

const keys: Question = {
  id: "gate-keys",
  section: "gate",
  title: "The gate refuses requests without the right key",
  controls: ["NIST SP 800-53 IA-2"],
  ask: (context) =>
    onGate(context, (gate) =>
      Promise.all(
        (
          [
            ["no key", gate.nobody],
            ["a wrong key", gate.wrongKey],
          ] as const
        ).map(async ([subject, reader]) => {
          const response = await reader.get(first(context));
          if (response.call.status === 0) return cannotTellFrom(subject, response, "");
          return judged(
            subject,
            response.call.status === 401 && ruleOf(response) === "unauthenticated"
              ? []
              : [`the answer is ${response.call.status} ${ruleOf(response)}`.trim()],
            "401 unauthenticated",
            [response.call],
          );
        }),
      ),
    ),
};

/**
 * A request whose target names another host, as a proxy would take it. Sent by hand, since no client library forms it.
 */
function requestForeignHost(url: string, target: string): Promise<{ status: number; failure: string }> {
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
        done({ status: answer.statusCode ?? 0, failure: "" });
      },
    );
    asked.on("timeout", () => {
      asked.destroy(new Error("no answer in time"));
    });
    asked.on("error", (error) => {
      done({ status: 0, failure: error.message });
    });
    asked.end();
  });
}

const host: Question = {
  id: "gate-host",
  section: "gate",
  title: "The gate does not forward to another host",
  controls: ["NIST SP 800-53 SC-7"],
  ask: (context) =>
    onGate(context, async ({ nobody, url }) => {
      const health = await nobody.get("/_gate/health");
      if (health.call.status === 0) return [cannotTellFrom("another host", health, "")];
      const target = `${context.endpoints.api}/meta`; // public at GitHub: a proxy would answer 200
      const { status, failure } = await requestForeignHost(url, target);
      const call: Call = { system: GATE_SUBJECT, method: "GET", path: target, status };
      if (status === 0) return [judged("another host", [], `the connection ends: ${failure}`, [call])];
      return [judged("another host", status >= 400 ? [] : [`the answer is ${status}`], String(status), [call])];
    }),
};

export const GATE: readonly Question[] = [health, ready, refusals, mode, passing, keys, host];
