import type { Props } from "../../types";
import { isPlain } from "../fields";
import { flag, list, num, orGone, str, type Api, type Kind } from "../kind";
import { hashedValues } from "../sets";
import { getRepository, segment, unlessArchived } from "./shared";

interface Rule {
  type: string;
  wait_timer?: number;
  prevent_self_review?: boolean;
  reviewers?: { type: "Team" | "User"; reviewer: { id: number } }[];
}

interface Answered {
  can_admins_bypass: boolean;
  protection_rules?: Rule[];
  deployment_branch_policy: { protected_branches: boolean; custom_branch_policies: boolean } | null;
}

const path = (api: Api, state: Props): string =>
  `repos/${api.owner}/${str(state, "repository")}/environments/${segment(str(state, "environment"))}`;
const idOf = (state: Props): string => `${str(state, "repository")}:${str(state, "environment").replaceAll(":", "::")}`;
const MOST_REVIEWERS = 6;

export const repositoryEnvironment: Kind = {
  token: "github:index/repositoryEnvironment:RepositoryEnvironment",
  schemaVersion: 1,
  fields: {
    repository: { kind: "string", required: true, replace: true },
    environment: { kind: "string", required: true, replace: true },
    canAdminsBypass: { kind: "boolean", default: true },
    preventSelfReview: { kind: "boolean", default: false },
    waitTimer: { kind: "number", between: [0, 43200] },
    reviewers: { kind: "list", max: 1, fields: { teams: { kind: "set" }, users: { kind: "set" } } },
    deploymentBranchPolicy: {
      kind: "object",
      fields: {
        protectedBranches: { kind: "boolean", required: true },
        customBranchPolicies: { kind: "boolean", required: true },
      },
    },
    repositoryId: { kind: "number", output: true },
  },
  validate(inputs) {
    const reviewers = list<Props>(inputs, "reviewers")[0] ?? {};
    const many = list(reviewers, "teams").length + list(reviewers, "users").length > MOST_REVIEWERS;
    return many
      ? [
          {
            property: "reviewers",
            reason: "a maximum of 6 reviewers (users and teams combined) can be set for an environment",
          },
        ]
      : [];
  },
  async create(api, planned, exists) {
    await api.client.rest("PUT", path(api, planned), { body: body(planned) });
    exists({ id: idOf(planned), state: planned });
    const repository = await getRepository(api, str(planned, "repository"));
    return { id: idOf(planned), state: { ...planned, repositoryId: repository.data.id } };
  },
  async update(api, _id, planned) {
    await api.client.rest("PUT", path(api, planned), { body: body(planned) });
    return { id: idOf(planned), state: planned };
  },
  async read(api, id, state) {
    const answer = await orGone(api.client.rest<Answered>("GET", path(api, state)));
    if (!answer) return undefined;
    const { can_admins_bypass: bypass, protection_rules: rules = [], deployment_branch_policy: policy } = answer.data;
    const wait = rules.find((rule) => rule.type === "wait_timer");
    const review = rules.find((rule) => rule.type === "required_reviewers");
    const ids = (type: string): number[] =>
      (review?.reviewers ?? []).filter((entry) => entry.type === type).map((entry) => entry.reviewer.id);
    return {
      id,
      state: {
        ...state,
        canAdminsBypass: bypass,
        waitTimer: wait?.wait_timer ?? null,
        ...(review
          ? {
              reviewers: [{ teams: ids("Team"), users: ids("User") }],
              preventSelfReview: review.prevent_self_review ?? false,
            }
          : {}),
        deploymentBranchPolicy: policy
          ? { protectedBranches: policy.protected_branches, customBranchPolicies: policy.custom_branch_policies }
          : null,
      },
    };
  },
  async delete(api, _id, state) {
    await unlessArchived(api.client.rest("DELETE", path(api, state)));
  },
  async importState(api, id) {
    const [repository = "", environment = ""] = id
      .replaceAll("::", "\u0000")
      .split(":")
      .map((part) => part.replaceAll("\u0000", ":"));
    const answer = await getRepository(api, repository);
    return { id, state: { repository, environment, repositoryId: answer.data.id } };
  },
  async find(api, inputs) {
    return (await orGone(api.client.rest("GET", path(api, inputs)))) && idOf(inputs);
  },
};

function body(planned: Props): Props {
  const reviewers = list<Props>(planned, "reviewers")[0];
  const policy = planned.deploymentBranchPolicy;
  return {
    wait_timer: num(planned, "waitTimer"),
    reviewers: reviewers
      ? [
          ...hashedValues(list<number>(reviewers, "teams")).map((id) => ({ type: "Team", id })),
          ...hashedValues(list<number>(reviewers, "users")).map((id) => ({ type: "User", id })),
        ]
      : null,
    can_admins_bypass: flag(planned, "canAdminsBypass"),
    deployment_branch_policy: isPlain(policy)
      ? {
          protected_branches: flag(policy, "protectedBranches"),
          custom_branch_policies: flag(policy, "customBranchPolicies"),
        }
      : null,
    prevent_self_review: flag(planned, "preventSelfReview"),
  };
}
