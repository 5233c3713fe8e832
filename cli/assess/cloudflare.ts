import { bindingKinds } from "../../edge/bindings";
import { FORWARDER_BINDINGS, COMPATIBILITY_DATE, GATE_BINDINGS, LEDGER_CLASS } from "../../gate/contract";
import { names } from "../../infra/model";
import {
  CRON,
  FORWARDER_CRON,
  ROTATOR_CRON,
  exposure,
  gateConditions,
  gateUrl,
  mintsUnattended,
} from "../../infra/plans";
import { hidesSecrets, readEmbeddedPolicy } from "../../gate/policy/embed";
import { compilePolicy } from "../../infra/plans/gatePolicy";
import { findSecrets } from "../../gate/policy/text/secrets";
import { ROTATOR_BINDINGS } from "../../rotation/contract";
import type { Context } from "../live/context";
import type { Call } from "../live/reader";
import { asList, asRecord, asText, cannotTell, cannotTellFrom, judged, type Finding, type Question } from "./question";
import { onCloudflare } from "./systems";

const NEED = "Workers Scripts: Read";

/** Places at which two values differ, as key paths. */
export function differences(declared: unknown, live: unknown, path = ""): string[] {
  if (JSON.stringify(declared) === JSON.stringify(live)) return [];
  if (Array.isArray(declared) && Array.isArray(live) && declared.every((one) => typeof one === "string")) {
    return [
      ...live.filter((one) => !declared.includes(one)).map((one) => `${path} also has ${JSON.stringify(one)}`),
      ...declared.filter((one) => !live.includes(one)).map((one) => `${path} lacks ${JSON.stringify(one)}`),
    ];
  }
  if (declared === null || live === null || typeof declared !== "object" || typeof live !== "object")
    return [`${path} is ${JSON.stringify(live) ?? "missing"}, declared ${JSON.stringify(declared) ?? "nothing"}`];
  const keys = [...new Set([...Object.keys(declared), ...Object.keys(live)])];
  return keys.flatMap((key) =>
    differences(
      (declared as Record<string, unknown>)[key],
      (live as Record<string, unknown>)[key],
      path === "" ? key : `${path}.${key}`,
    ),
  );
}

const policy: Question = {
  id: "gate-policy",
  section: "gate",
  title: "The deployed gate's policy matches the environment file: repositories, routes, limits, mode",
  controls: ["NIST SP 800-53 AC-3", "NIST SP 800-53 CM-2"],
  ask: (context) =>
    onCloudflare(context, async (cloudflare, account) => {
      const { environment, endpoints } = context;
      const { gateScript } = names(environment);
      const response = await cloudflare.get(`${account}/workers/scripts/${gateScript}/content/v2`);
      if (response.call.status !== 200) return [cannotTellFrom(gateScript, response, NEED)];
      const live = readEmbeddedPolicy(response.text);
      if (!live)
        return [
          judged(gateScript, ["the script has no gate policy in it, so it is not the gate"], "", [response.call]),
        ];
      const facts = await repositoryIds(context);
      // Ids are GitHub's; where they cannot be asked for, those of the deployed policy are taken as they are.
      const ids =
        facts?.repositories ??
        asList(live.repositories).map((one) => ({
          name: asText(asRecord(one).name),
          id: Number(asRecord(one).id),
          nodeId: asText(asRecord(one).nodeId),
        }));
      const declared = JSON.parse(
        JSON.stringify(compilePolicy(environment, { repositories: ids, endpoints })),
      ) as unknown;
      const found = differences(declared, live);
      return [
        judged(
          gateScript,
          [...found.slice(0, 8), ...(found.length > 8 ? [`and ${found.length - 8} more`] : [])],
          facts ? "as declared" : "as declared; GitHub's ids were not compared, because GitHub could not be asked",
          [response.call, ...(facts?.calls ?? [])],
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
  if ("missing" in github) return undefined;
  const response = await Promise.all(
    environment.repositories.map(({ name }) => github.client.get(`/repos/${environment.organization}/${name}`)),
  );
  if (response.some(({ call }) => call.status !== 200)) return undefined;
  return {
    calls: response.map(({ call }) => call),
    repositories: response.map((one, i) => ({
      name: environment.repositories[i]?.name ?? "",
      id: Number(asRecord(one.json()).id),
      nodeId: asText(asRecord(one.json()).node_id),
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
      const { gateScript, ledgerScript, rotatorScript, forwarderScript } = names(context.environment);
      return Promise.all(
        [gateScript, ledgerScript, rotatorScript, ...(forwarderScript ? [forwarderScript] : [])].map(
          async (script): Promise<Finding> => {
            const response = await cloudflare.get(`${account}/workers/scripts/${script}/subdomain`);
            if (response.call.status === 404) return judged(script, ["there is no such script"], "", [response.call]);
            if (response.call.status !== 200) return cannotTellFrom(script, response, NEED);
            const { enabled, previews_enabled: previews } = asRecord(asRecord(response.json()).result);
            const open = script === gateScript && exposure(context.environment).kind === "workers-dev";
            return judged(
              script,
              [
                ...(enabled === open
                  ? []
                  : [open ? "it is not on workers.dev, its only declared address" : "it is reachable on workers.dev"]),
                ...(previews === true ? ["its previews are reachable"] : []),
              ],
              open ? "workers.dev alone" : "not on workers.dev",
              [response.call],
            );
          },
        ),
      );
    }),
};

const schedules: Question = {
  id: "worker-schedules",
  section: "gate",
  title: "Gate and rotator run on the declared schedules, which Pulumi never reads back",
  controls: ["NIST SP 800-53 AU-6", "NIST SP 800-53 IA-5", "NIST SP 800-53 CM-6"],
  ask: (context) =>
    onCloudflare(context, (cloudflare, account) => {
      const { gateScript, ledgerScript, rotatorScript, forwarderScript } = names(context.environment);
      const declared: readonly (readonly [string, readonly string[]])[] = [
        [gateScript, [CRON]],
        [ledgerScript, []],
        [rotatorScript, [ROTATOR_CRON]],
        ...(forwarderScript ? [[forwarderScript, [FORWARDER_CRON]] as const] : []),
      ];
      return Promise.all(
        declared.map(async ([script, wanted]): Promise<Finding> => {
          const response = await cloudflare.get(`${account}/workers/scripts/${script}/schedules`);
          if (response.call.status === 404) return judged(script, ["there is no such script"], "", [response.call]);
          if (response.call.status !== 200) return cannotTellFrom(script, response, NEED);
          const live = asList(asRecord(asRecord(response.json()).result).schedules).map((one) =>
            asText(asRecord(one).cron),
          );
          return judged(
            script,
            scheduleProblems(wanted, live),
            wanted.length === 0 ? "nothing starts it" : `every ${wanted.join(", ")}`,
            [response.call],
          );
        }),
      );
    }),
};

/**
 * What is wrong with a script's schedules. One more than declared only starts it more often, but nobody declared it.
 * A trigger sets a script's whole asList, so making it again mends both; a script without a trigger has nobody to do
 * so.
 */
export function scheduleProblems(declared: readonly string[], live: readonly string[]): string[] {
  const remedy =
    declared.length > 0
      ? "`pulumi up --target-replace` with the URN of its cron trigger (`pulumi stack --show-urns`) sets its schedules again"
      : "no resource declares one: delete it at Cloudflare";
  return [
    ...declared.filter((cron) => !live.includes(cron)).map((cron) => `the schedule ${cron} is missing; ${remedy}`),
    ...live.filter((cron) => !declared.includes(cron)).map((cron) => `the schedule ${cron} is not declared; ${remedy}`),
  ];
}

const bindings: Question = {
  id: "worker-bindings",
  section: "token",
  title: "Each Worker has the declared bindings: secrets as secrets, and no credential in clear",
  controls: ["NIST SP 800-53 SC-28", "NIST SP 800-53 AC-6"],
  ask: (context) =>
    onCloudflare(context, (cloudflare, account) => {
      const { gateScript, ledgerScript, rotatorScript, forwarderScript, auditBucket } = names(context.environment);
      const { environment } = context;
      const gate: ReadonlyMap<string, string> = bindingKinds(GATE_BINDINGS, gateConditions(environment));
      const rotator: ReadonlyMap<string, string> = bindingKinds(ROTATOR_BINDINGS, [environment.tokenStore.kind]);
      const forwarder: ReadonlyMap<string, string> = bindingKinds(FORWARDER_BINDINGS, ["cloudflare"]);
      const ledger: ReadonlyMap<string, string> = new Map();
      return Promise.all(
        (
          [
            [gateScript, gate],
            [ledgerScript, ledger],
            [rotatorScript, rotator],
            ...(forwarderScript ? [[forwarderScript, forwarder] as const] : []),
          ] as const
        ).map(async ([script, declared]): Promise<Finding> => {
          const response = await cloudflare.get(`${account}/workers/scripts/${script}/settings`);
          if (response.call.status === 404) return judged(script, ["there is no such script"], "", [response.call]);
          if (response.call.status !== 200) return cannotTellFrom(script, response, NEED);
          const settings = asRecord(asRecord(response.json()).result);
          const live = asList(settings.bindings).map(asRecord);
          const shown = (one: Readonly<Record<string, unknown>>): string => JSON.stringify([one.text, one.json]);
          return judged(
            script,
            [
              ...live
                .filter(({ name, type }) => declared.get(asText(name)) !== type)
                .map(({ name, type }) =>
                  !declared.has(asText(name))
                    ? `the binding ${asText(name)} (${asText(type)}) is not declared`
                    : `${asText(name)} is ${asText(type)}, declared ${declared.get(asText(name))}`,
                ),
              ...[...declared.keys()]
                .filter((name) => !live.some((one) => one.name === name))
                .map((name) => `the binding ${name} is missing`),
              ...live
                .filter((one) => findSecrets(shown(one)).length > 0)
                .map(({ name }) => `${asText(name)} shows what looks like a credential`),
              ...live
                .filter(({ name, bucket_name: bucket }) => name === "AUDIT" && bucket !== auditBucket)
                .map(({ bucket_name: bucket }) => `its records go to ${asText(bucket)}`),
              ...live
                .filter(
                  ({ name, class_name: kind, script_name: from }) =>
                    name === "LEDGER" && (kind !== LEDGER_CLASS || from !== ledgerScript),
                )
                .map(({ script_name: from }) => `its ledger is in ${asText(from)}`),
              ...live
                .filter(({ name, text: url }) => name === "PUBLIC_URL" && url !== gateUrl(context.environment))
                .map(({ text: url }) => `its answers point to ${asText(url)}`),
              ...(settings.compatibility_date === COMPATIBILITY_DATE
                ? []
                : [`its compatibility date is ${asText(settings.compatibility_date)}, declared ${COMPATIBILITY_DATE}`]),
            ],
            `${live.length} bindings, as declared`,
            [response.call],
          );
        }),
      );
    }),
};

const keys: Question = {
  id: "gate-key-ring",
  section: "token",
  title: "One agent key is valid, and the previous one only during the declared overlap",
  controls: ["NIST SP 800-53 IA-5"],
  ask: (context) =>
    onCloudflare(context, async (cloudflare, account) => {
      const { environment, now } = context;
      const { gateScript } = names(environment);
      const response = await cloudflare.get(`${account}/workers/scripts/${gateScript}/settings`);
      if (response.call.status !== 200) return [cannotTellFrom(gateScript, response, NEED)];
      const ring = asList(asRecord(asRecord(asRecord(response.json()).result)).bindings)
        .map(asRecord)
        .find(({ name }) => name === "GATE_KEYS");
      const held = asList(ring?.json).map(asRecord);
      if (ring === undefined) return [cannotTell(gateScript, "it has no binding GATE_KEYS", [response.call])];
      const lasting = held.filter(({ notAfter }) => notAfter === undefined);
      const until = environment.gate.key.previousUntil;
      const ending = held.filter(({ notAfter }) => notAfter !== undefined && Date.parse(asText(notAfter)) > now);
      return [
        judged(
          gateScript,
          [
            ...(lasting.length === 1 ? [] : [`${lasting.length} keys never expire, declared 1`]),
            ...ending
              .filter(({ notAfter }) => until === undefined || Date.parse(asText(notAfter)) > Date.parse(until))
              .map(({ notAfter }) => `a key is valid until ${asText(notAfter)}, which is not declared`),
            ...held
              .filter(({ agent }) => agent !== environment.agent.name)
              .map(({ agent }) => `a key belongs to ${asText(agent)}`),
          ],
          ending.length === 0 ? "one key" : `one key, and the previous one until ${asText(ending[0]?.notAfter)}`,
          [response.call],
        ),
      ];
    }),
};

const secrets: Question = {
  id: "generated-secrets",
  section: "token",
  title: "The stack's state shows no generated secret in clear",
  controls: ["NIST SP 800-53 SC-28", "NIST SP 800-53 IA-5"],
  ask: (context) =>
    onCloudflare(context, async (cloudflare, account) => {
      const { gateScript } = names(context.environment);
      const response = await cloudflare.get(`${account}/workers/scripts/${gateScript}/content/v2`);
      if (response.call.status !== 200) return [cannotTellFrom(gateScript, response, NEED)];
      return [
        judged(
          gateScript,
          hidesSecrets(response.text)
            ? []
            : [
                "its keys were made by a version that left every generated secret in clear in the state, as the id of a RandomBytes: " +
                  "run `pulumi up` with this version, which replaces them all, and hand out the new keys (CHANGELOG.md)",
              ],
          "its keys were made as random passwords, whose ids say nothing",
          [response.call],
        ),
      ];
    }),
};

/** What mints without a person must not lie where the gate could read it. */
const apart: Question = {
  id: "rotator-apart",
  section: "token",
  title: "The gate cannot reach the secrets that mint tokens",
  controls: ["NIST SP 800-53 AC-5"],
  ask: (context) =>
    mintsUnattended(context.environment)
      ? onCloudflare(context, async (cloudflare, account) => {
          const { gateScript } = names(context.environment);
          const response = await cloudflare.get(`${account}/workers/scripts/${gateScript}/settings`);
          if (response.call.status !== 200) return [cannotTellFrom(gateScript, response, NEED)];
          const held = asList(asRecord(asRecord(response.json()).result).bindings).map((one) =>
            asText(asRecord(one).name),
          );
          return [
            judged(
              gateScript,
              held.filter((name) => /ROTATOR|MINTER|APP_/.test(name)).map((name) => `the gate has ${name}`),
              "the gate has no secret that mints tokens",
              [response.call],
            ),
          ];
        })
      : Promise.resolve([]),
};

export const CLOUDFLARE: readonly Question[] = [policy, address, schedules, bindings, keys, secrets, apart];
