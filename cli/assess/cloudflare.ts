import { bindingKinds } from "../../edge/bindings";
import { COMPATIBILITY_DATE, GATE_BINDINGS, LEDGER_CLASS } from "../../gate/contract";
import { names } from "../../infra/model";
import { CRON, ROTATOR_CRON, exposure, gateConditions, gateUrl, mintsAlone } from "../../infra/plans";
import { EMBEDDED_POLICY, HIDDEN_SECRETS } from "../../gate/policy/embed";
import { compilePolicy } from "../../infra/plans/gatePolicy";
import { findSecrets } from "../../gate/policy/text/secrets";
import { ROTATOR_BINDINGS } from "../../rotation/contract";
import { onCloudflare } from "./audit";
import type { Context } from "./context";
import { bag, cannotTell, judged, list, text, unheard, type Question, type Said } from "./question";
import type { Call } from "./reader";

const NEED = "Workers Scripts: Read";

/** The policy that stands in front of the gate's module, as `embedPolicy` writes it: JSON, closed at the start of a line. */
export function embeddedPolicy(content: string): Readonly<Record<string, unknown>> | undefined {
  const mark = `const ${EMBEDDED_POLICY} = `;
  const start = content.indexOf(mark);
  const end = content.indexOf("\n};", start);
  if (start < 0 || end < 0) return undefined;
  try {
    return bag(JSON.parse(content.slice(start + mark.length, end + 2)));
  } catch {
    return undefined;
  }
}

/** Places at which two values differ, as key paths. */
export function differences(declared: unknown, standing: unknown, path = ""): string[] {
  if (JSON.stringify(declared) === JSON.stringify(standing)) return [];
  if (Array.isArray(declared) && Array.isArray(standing) && declared.every((one) => typeof one === "string")) {
    return [
      ...standing.filter((one) => !declared.includes(one)).map((one) => `${path} has ${JSON.stringify(one)} too`),
      ...declared.filter((one) => !standing.includes(one)).map((one) => `${path} lacks ${JSON.stringify(one)}`),
    ];
  }
  if (declared === null || standing === null || typeof declared !== "object" || typeof standing !== "object")
    return [`${path} is ${JSON.stringify(standing) ?? "missing"}, declared ${JSON.stringify(declared) ?? "nothing"}`];
  const keys = [...new Set([...Object.keys(declared), ...Object.keys(standing)])];
  return keys.flatMap((key) =>
    differences(
      (declared as Record<string, unknown>)[key],
      (standing as Record<string, unknown>)[key],
      path === "" ? key : `${path}.${key}`,
    ),
  );
}

const policy: Question = {
  id: "gate-policy",
  section: "gate",
  title: "The deployed gate has exactly the policy of the environment: repositories, routes, limits, mode",
  controls: ["NIST SP 800-53 AC-3", "NIST SP 800-53 CM-2"],
  ask: (context) =>
    onCloudflare(context, async (cloudflare, account) => {
      const { environment, endpoints } = context;
      const { gateScript } = names(environment);
      const heard = await cloudflare.get(`${account}/workers/scripts/${gateScript}/content/v2`);
      if (heard.call.status !== 200) return [unheard(gateScript, heard, NEED)];
      const standing = embeddedPolicy(heard.text);
      if (!standing)
        return [judged(gateScript, ["its module carries no policy: this is not the gate"], "", [heard.call])];
      const facts = await repositoryIds(context);
      // Ids are GitHub's; where they cannot be asked for, those of the deployed policy are taken as they are.
      const ids =
        facts?.repositories ??
        list(standing.repositories).map((one) => ({
          name: text(bag(one).name),
          id: Number(bag(one).id),
          nodeId: text(bag(one).nodeId),
        }));
      const declared = JSON.parse(
        JSON.stringify(compilePolicy(environment, { repositories: ids, endpoints })),
      ) as unknown;
      const found = differences(declared, standing);
      return [
        judged(
          gateScript,
          [...found.slice(0, 8), ...(found.length > 8 ? [`and ${found.length - 8} more`] : [])],
          facts ? "as declared" : "as declared, but for GitHub's ids, which were not asked for",
          [heard.call, ...(facts?.calls ?? [])],
        ),
      ];
    }),
};

async function repositoryIds({
  environment,
  github,
}: Context): Promise<
  { readonly repositories: { name: string; id: number; nodeId: string }[]; readonly calls: Call[] } | undefined
> {
  if ("lack" in github) return undefined;
  const heard = await Promise.all(
    environment.repositories.map(({ name }) => github.ask.get(`/repos/${environment.organization}/${name}`)),
  );
  if (heard.some(({ call }) => call.status !== 200)) return undefined;
  return {
    calls: heard.map(({ call }) => call),
    repositories: heard.map((one, i) => ({
      name: environment.repositories[i]?.name ?? "",
      id: Number(bag(one.json()).id),
      nodeId: text(bag(one.json()).node_id),
    })),
  };
}

const address: Question = {
  id: "worker-addresses",
  section: "gate",
  title: "Each Worker has the declared address and no other",
  controls: ["NIST SP 800-53 SC-7"],
  ask: (context) =>
    onCloudflare(context, (cloudflare, account) => {
      const { gateScript, ledgerScript, rotatorScript } = names(context.environment);
      return Promise.all(
        [gateScript, ledgerScript, rotatorScript].map(async (script): Promise<Said> => {
          const heard = await cloudflare.get(`${account}/workers/scripts/${script}/subdomain`);
          if (heard.call.status === 404) return judged(script, ["there is no such script"], "", [heard.call]);
          if (heard.call.status !== 200) return unheard(script, heard, NEED);
          const { enabled, previews_enabled: previews } = bag(bag(heard.json()).result);
          const open = script === gateScript && exposure(context.environment).kind === "workers-dev";
          return judged(
            script,
            [
              ...(enabled === open
                ? []
                : [open ? "workers.dev is closed, and it has no other address" : "workers.dev reaches it"]),
              ...(previews === true ? ["previews of it can be reached"] : []),
            ],
            open ? "workers.dev alone" : "not on workers.dev",
            [heard.call],
          );
        }),
      );
    }),
};

const schedules: Question = {
  id: "worker-schedules",
  section: "gate",
  title: "Gate and rotator are started as often as declared; Pulumi never reads their schedules back",
  controls: ["NIST SP 800-53 AU-6", "NIST SP 800-53 IA-5", "NIST SP 800-53 CM-6"],
  ask: (context) =>
    onCloudflare(context, (cloudflare, account) => {
      const { gateScript, ledgerScript, rotatorScript } = names(context.environment);
      const declared: readonly (readonly [string, readonly string[]])[] = [
        [gateScript, [CRON]],
        [ledgerScript, []],
        [rotatorScript, [ROTATOR_CRON]],
      ];
      return Promise.all(
        declared.map(async ([script, wanted]): Promise<Said> => {
          const heard = await cloudflare.get(`${account}/workers/scripts/${script}/schedules`);
          if (heard.call.status === 404) return judged(script, ["there is no such script"], "", [heard.call]);
          if (heard.call.status !== 200) return unheard(script, heard, NEED);
          const standing = list(bag(bag(heard.json()).result).schedules).map((one) => text(bag(one).cron));
          return judged(
            script,
            scheduleProblems(wanted, standing),
            wanted.length === 0 ? "nothing starts it" : `every ${wanted.join(", ")}`,
            [heard.call],
          );
        }),
      );
    }),
};

/**
 * What is wrong with a script's schedules. One more than declared only starts it more often, but nobody declared it.
 * A trigger sets a script's whole list, so making it again mends both; a script without a trigger has nobody to do so.
 */
export function scheduleProblems(declared: readonly string[], standing: readonly string[]): string[] {
  const remedy =
    declared.length > 0
      ? "`pulumi up --target-replace` with the URN of its cron trigger (`pulumi stack --show-urns`) sets its schedules again"
      : "no resource declares one: delete it at Cloudflare";
  return [
    ...declared.filter((cron) => !standing.includes(cron)).map((cron) => `${cron} does not start it; ${remedy}`),
    ...standing
      .filter((cron) => !declared.includes(cron))
      .map((cron) => `${cron} starts it, which is not declared; ${remedy}`),
  ];
}

const bindings: Question = {
  id: "worker-bindings",
  section: "token",
  title: "Each Worker holds what it needs, secrets as secrets, and no credential in clear",
  controls: ["NIST SP 800-53 SC-28", "NIST SP 800-53 AC-6"],
  ask: (context) =>
    onCloudflare(context, (cloudflare, account) => {
      const { gateScript, ledgerScript, rotatorScript, auditBucket } = names(context.environment);
      const { environment } = context;
      const gate: ReadonlyMap<string, string> = bindingKinds(GATE_BINDINGS, gateConditions(environment));
      const rotator: ReadonlyMap<string, string> = bindingKinds(ROTATOR_BINDINGS, [environment.tokenStore.kind]);
      const ledger: ReadonlyMap<string, string> = new Map();
      return Promise.all(
        (
          [
            [gateScript, gate],
            [ledgerScript, ledger],
            [rotatorScript, rotator],
          ] as const
        ).map(async ([script, declared]): Promise<Said> => {
          const heard = await cloudflare.get(`${account}/workers/scripts/${script}/settings`);
          if (heard.call.status === 404) return judged(script, ["there is no such script"], "", [heard.call]);
          if (heard.call.status !== 200) return unheard(script, heard, NEED);
          const settings = bag(bag(heard.json()).result);
          const standing = list(settings.bindings).map(bag);
          const shown = (one: Readonly<Record<string, unknown>>): string => JSON.stringify([one.text, one.json]);
          return judged(
            script,
            [
              ...standing
                .filter(({ name, type }) => declared.get(text(name)) !== type)
                .map(({ name, type }) =>
                  !declared.has(text(name))
                    ? `it holds ${text(name)} (${text(type)}), which is not declared`
                    : `${text(name)} is ${text(type)}, declared ${declared.get(text(name))}`,
                ),
              ...[...declared.keys()]
                .filter((name) => !standing.some((one) => one.name === name))
                .map((name) => `it lacks ${name}`),
              ...standing
                .filter((one) => findSecrets(shown(one)).length > 0)
                .map(({ name }) => `${text(name)} shows what looks like a credential`),
              ...standing
                .filter(({ name, bucket_name: bucket }) => name === "AUDIT" && bucket !== auditBucket)
                .map(({ bucket_name: bucket }) => `its records go to ${text(bucket)}`),
              ...standing
                .filter(
                  ({ name, class_name: kind, script_name: from }) =>
                    name === "LEDGER" && (kind !== LEDGER_CLASS || from !== ledgerScript),
                )
                .map(({ script_name: from }) => `its ledger is in ${text(from)}`),
              ...standing
                .filter(({ name, text: url }) => name === "PUBLIC_URL" && url !== gateUrl(context.environment))
                .map(({ text: url }) => `its answers lead to ${text(url)}`),
              ...(settings.compatibility_date === COMPATIBILITY_DATE
                ? []
                : [`it runs as of ${text(settings.compatibility_date)}, declared ${COMPATIBILITY_DATE}`]),
            ],
            `${standing.length} bindings, as declared`,
            [heard.call],
          );
        }),
      );
    }),
};

const keys: Question = {
  id: "gate-key-ring",
  section: "token",
  title: "One agent key is good, and one before it only while the declared overlap lasts",
  controls: ["NIST SP 800-53 IA-5"],
  ask: (context) =>
    onCloudflare(context, async (cloudflare, account) => {
      const { environment, now } = context;
      const { gateScript } = names(environment);
      const heard = await cloudflare.get(`${account}/workers/scripts/${gateScript}/settings`);
      if (heard.call.status !== 200) return [unheard(gateScript, heard, NEED)];
      const ring = list(bag(bag(bag(heard.json()).result)).bindings)
        .map(bag)
        .find(({ name }) => name === "GATE_KEYS");
      const held = list(ring?.json).map(bag);
      if (ring === undefined) return [cannotTell(gateScript, "it has no GATE_KEYS", [heard.call])];
      const lasting = held.filter(({ notAfter }) => notAfter === undefined);
      const until = environment.gate.key.previousUntil;
      const ending = held.filter(({ notAfter }) => notAfter !== undefined && Date.parse(text(notAfter)) > now);
      return [
        judged(
          gateScript,
          [
            ...(lasting.length === 1 ? [] : [`${lasting.length} keys have no end, declared 1`]),
            ...ending
              .filter(({ notAfter }) => until === undefined || Date.parse(text(notAfter)) > Date.parse(until))
              .map(({ notAfter }) => `a key is good until ${text(notAfter)}, which is not declared`),
            ...held
              .filter(({ agent }) => agent !== environment.agent.name)
              .map(({ agent }) => `a key is ${text(agent)}'s`),
          ],
          ending.length === 0 ? "one key" : `one key, and the one before until ${text(ending[0]?.notAfter)}`,
          [heard.call],
        ),
      ];
    }),
};

const secrets: Question = {
  id: "generated-secrets",
  section: "token",
  title: "No generated secret stands in clear in the stack's state",
  controls: ["NIST SP 800-53 SC-28", "NIST SP 800-53 IA-5"],
  ask: (context) =>
    onCloudflare(context, async (cloudflare, account) => {
      const { gateScript } = names(context.environment);
      const heard = await cloudflare.get(`${account}/workers/scripts/${gateScript}/content/v2`);
      if (heard.call.status !== 200) return [unheard(gateScript, heard, NEED)];
      return [
        judged(
          gateScript,
          hidesSecrets(heard.text)
            ? []
            : [
                "its keys were made by a version that left every generated secret in clear in the state, as the id of a RandomBytes: " +
                  "run `pulumi up` with this version, which replaces them all, and hand out the new keys (CHANGELOG.md)",
              ],
          "its keys were made as random passwords, whose ids say nothing",
          [heard.call],
        ),
      ];
    }),
};

/** Whether a gate's module was deployed together with keys that stand nowhere in clear. */
export function hidesSecrets(content: string): boolean {
  return content.includes(`\n};\n${HIDDEN_SECRETS}\n`);
}

/** What mints without a person must not lie where the gate could read it. */
const apart: Question = {
  id: "rotator-apart",
  section: "token",
  title: "What mints tokens is out of the gate's reach",
  controls: ["NIST SP 800-53 AC-5"],
  ask: (context) =>
    mintsAlone(context.environment)
      ? onCloudflare(context, async (cloudflare, account) => {
          const { gateScript } = names(context.environment);
          const heard = await cloudflare.get(`${account}/workers/scripts/${gateScript}/settings`);
          if (heard.call.status !== 200) return [unheard(gateScript, heard, NEED)];
          const held = list(bag(bag(heard.json()).result).bindings).map((one) => text(bag(one).name));
          return [
            judged(
              gateScript,
              held.filter((name) => /ROTATOR|MINTER|APP_/.test(name)).map((name) => `the gate holds ${name}`),
              "the gate holds nothing that mints",
              [heard.call],
            ),
          ];
        })
      : Promise.resolve([]),
};

export const CLOUDFLARE: readonly Question[] = [policy, address, schedules, bindings, keys, secrets, apart];
