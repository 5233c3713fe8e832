import type { Repository } from "../../infra/model";
import type { RulesetPlan } from "../../infra/plans";
import { repositorySubject } from "../live/context";
import {
  declaredRules,
  fenced,
  liveRulesets,
  missingRules,
  plansOf,
  satisfies,
  teamIds,
  type Actor,
} from "./liveRulesets";
import { asRecord, asText, cannotTell, cannotTellFrom, judged, sameName, type Question } from "./question";
import { onGitHub } from "./systems";

const inForce: Question = {
  id: "rulesets",
  section: "review",
  title: "Every declared ruleset is active, with its rules and branches",
  controls: ["CIS 1.1.15", "NIST SP 800-53 AC-3"],
  ask: (context) =>
    onGitHub(context, async (github) =>
      Promise.all(
        fenced(context).map(async (repository) => {
          const ids = await teamIds(context, github);
          const found = await liveRulesets(context, github, repository);
          if ("finding" in found) return found.finding;
          const plans = plansOf(context, repository);
          const absent = plans.filter((plan) => !found.rulesets.some((live) => satisfies(plan, live, ids)));
          return judged(
            repositorySubject(context, repository),
            absent.map((plan) => {
              const namesake = found.rulesets.find(
                ({ name, target }) => name.startsWith(plan.name) && target === plan.target,
              );
              return `"${plan.name}" is ${namesake ? `not as declared: ${missingRules(declaredRules(plan.rules, ids), namesake.rules).join(", ") || "its branches differ"}` : "not in force"}`;
            }),
            `${plans.length} declared rulesets in force`,
            found.rulesets.map(({ call }) => call),
          );
        }),
      ),
    ),
};

const bypassActors: Question = {
  id: "bypass-actors",
  section: "review",
  title: "Only the declared teams and owners may bypass the declared rulesets",
  controls: ["CIS 1.1.14", "NIST SP 800-53 AC-3"],
  ask: (context) =>
    onGitHub(context, async (github) => {
      const ids = await teamIds(context, github);
      return Promise.all(
        fenced(context).map(async (repository) => {
          const subject = repositorySubject(context, repository);
          const found = await liveRulesets(context, github, repository);
          if ("finding" in found) return found.finding;
          const calls = found.rulesets.map(({ call }) => call);
          if (found.rulesets.some(({ bypass }) => bypass === undefined))
            return cannotTell(
              subject,
              "GitHub shows bypass actors only to those who may edit rulesets; the credential needs administration",
              calls,
            );
          const wrong = plansOf(context, repository).flatMap((plan) => {
            const carriers = found.rulesets.filter((live) => satisfies(plan, live, ids));
            const beyond = carriers.map(({ bypass = [] }) => bypass.filter((actor) => !isDeclared(actor, plan, ids)));
            // One ruleset that lets nobody else pass is enough: the strictest of several wins.
            if (carriers.length === 0 || beyond.some((actors) => actors.length === 0)) return [];
            return [
              `"${plan.name}" lets these bypass it: ${(beyond[0] ?? []).map((actor) => `${actor.type} ${nameOf(actor, ids)}`).join(", ")}`,
            ];
          });
          return judged(subject, wrong, "only declared teams and owners", calls);
        }),
      );
    }),
};

function isDeclared(actor: Actor, { bypass }: RulesetPlan, ids: ReadonlyMap<string, number>): boolean {
  if (actor.type === "OrganizationAdmin") return bypass.organizationAdmins;
  return actor.type === "Team" && bypass.teams.some((slug) => ids.get(slug) === actor.id);
}
const nameOf = (actor: Actor, ids: ReadonlyMap<string, number>): string =>
  [...ids].find(([, id]) => actor.type === "Team" && id === actor.id)?.[0] ?? String(actor.id);

/** GitHub's fixed ids of roles that the machine user never has. Every other role might be its own, now or one day. */
const ROLES_ABOVE = new Set([2, 5]); // maintain, admin

const bypassAgent: Question = {
  id: "bypass-agent",
  section: "review",
  title: "The machine user, its team, its role and its App may bypass no ruleset",
  controls: ["NIST SP 800-53 AC-3", "NIST SP 800-53 AC-5"],
  ask: (context) =>
    onGitHub(context, async (github) => {
      const { environment } = context;
      const user = await github.get(`/users/${environment.agent.machineUser}`);
      const ids = await teamIds(context, github);
      if (user.call.status !== 200) return [cannotTellFrom(environment.agent.machineUser, user, "to see accounts")];
      const own = ids.get(environment.agent.team);
      const app = "appId" in environment.agent.credential ? environment.agent.credential.appId : undefined;
      return Promise.all(
        fenced(context).map(async (repository) => {
          const subject = repositorySubject(context, repository);
          const found = await liveRulesets(context, github, repository);
          if ("finding" in found) return found.finding;
          const calls = [user.call, ...found.rulesets.map(({ call }) => call)];
          if (found.rulesets.some(({ bypass }) => bypass === undefined))
            return cannotTell(
              subject,
              "GitHub shows bypass actors only to those who may edit rulesets; the credential needs administration",
              calls,
            );
          const wrong = found.rulesets.flatMap(({ name, bypass = [] }) =>
            bypass.flatMap(({ type, id }) => {
              if (type === "User" && id === Number(asRecord(user.json()).id))
                return [`"${name}" lets the machine user bypass it`];
              if (type === "Team" && id === own) return [`"${name}" lets the machine user's team bypass it`];
              if (type === "RepositoryRole" && !ROLES_ABOVE.has(id))
                return [`"${name}" lets a role bypass it that the machine user may have (${id})`];
              if (type === "Integration" && id === app) return [`"${name}" lets the agent's App bypass it`];
              return [];
            }),
          );
          return judged(subject, wrong, `${found.rulesets.length} active rulesets, and it may bypass none`, calls);
        }),
      );
    }),
};

const canBypass: Question = {
  id: "current-user-can-bypass",
  section: "review",
  title: "For the credential that asks, GitHub reports that rulesets without bypass cannot be bypassed",
  controls: ["CIS 1.1.14"],
  ask: (context) =>
    onGitHub(context, async (github) => {
      const { machineUser } = context.environment.agent;
      const self = await github.get("/user");
      const isAgent = sameName(asText(asRecord(self.json()).login), machineUser);
      const ids = await teamIds(context, github);
      const unpassable = (repository: Repository): RulesetPlan[] =>
        plansOf(context, repository).filter(
          ({ bypass }) => isAgent || (!bypass.organizationAdmins && bypass.teams.length === 0),
        );
      const held = fenced(context)
        .map((repository) => ({ repository, plans: unpassable(repository) }))
        .filter(({ plans }) => plans.length > 0);
      return Promise.all(
        held.map(async ({ repository, plans }) => {
          const subject = repositorySubject(context, repository);
          const found = await liveRulesets(context, github, repository);
          if ("finding" in found) return found.finding;
          const concerned = found.rulesets.filter((live) => plans.some((plan) => satisfies(plan, live, ids)));
          const asked = await Promise.all(
            concerned.map(async ({ name, canBypass: ask }) => ({ name, ...(await ask()) })),
          );
          const calls = [self.call, ...asked.map(({ call }) => call)];
          if (asked.length === 0) return cannotTell(subject, "no such ruleset is active", calls);
          if (asked.some(({ mode }) => mode === "")) return cannotTell(subject, "GitHub does not say", calls);
          return judged(
            subject,
            asked.filter(({ mode }) => mode !== "never").map(({ name, mode }) => `"${name}": ${mode}`),
            "never",
            calls,
          );
        }),
      );
    }),
};

/** Whether the declared rulesets are in force, and who may bypass them. */
export const RULESETS: readonly Question[] = [inForce, bypassActors, bypassAgent, canBypass];
