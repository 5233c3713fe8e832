/**
 * What repositories and organizations are set to: hooks, secrets, environments, invitations. Plain data; behaviour
 * lives in `domain/`.
 */
import type { Role } from "./roles";

export interface Hook {
  id: number;
  name: string;
  active: boolean;
  events: string[];
  config: { url: string; content_type: string; insecure_ssl: string; secret?: string };
  createdAt: string;
  updatedAt: string;
  deliveries: HookDelivery[];
}

export interface HookDelivery {
  id: number;
  guid: string;
  deliveredAt: string;
  redelivery: boolean;
  durationMs: number;
  status: string;
  statusCode: number;
  event: string;
  action: string | null;
  repositoryId: number | null;
  url: string;
  requestHeaders: Record<string, string>;
  payload: Record<string, unknown>;
  responseHeaders: Record<string, string>;
  responseBody: string | null;
}

export interface Secret {
  name: string;
  encryptedValue: string;
  keyId: string;
  createdAt: string;
  updatedAt: string;
  visibility?: "all" | "private" | "selected";
  selectedRepositoryIds?: number[];
}
export interface Variable {
  name: string;
  value: string;
  createdAt: string;
  updatedAt: string;
  visibility?: "all" | "private" | "selected";
  selectedRepositoryIds?: number[];
}

export interface ActionsPermissions {
  enabled: boolean;
  allowedActions: "all" | "local_only" | "selected";
  selected: { github_owned_allowed: boolean; verified_allowed: boolean; patterns_allowed: string[] };
  shaPinningRequired: boolean;
}
export interface WorkflowPermissions {
  defaultWorkflowPermissions: "read" | "write";
  canApprovePullRequestReviews: boolean;
}

export interface Environment {
  id: number;
  nodeId: string;
  name: string;
  createdAt: string;
  updatedAt: string;
  waitTimer: number;
  preventSelfReview: boolean;
  canAdminsBypass: boolean;
  reviewers: { type: "User" | "Team"; id: number }[];
  deploymentBranchPolicy: { protected_branches: boolean; custom_branch_policies: boolean } | null;
  branchPolicies: { id: number; nodeId: string; name: string; type: "branch" | "tag" }[];
  secrets: Map<string, Secret>;
  variables: Map<string, Variable>;
}

export interface Invitation {
  id: number;
  nodeId: string;
  repositoryId: number;
  inviteeId: number;
  inviterId: number;
  role: Role;
  createdAt: string;
}
