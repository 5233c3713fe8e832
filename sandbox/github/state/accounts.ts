/** Who there is: accounts, organizations, teams, Apps. Plain data; behaviour lives in `domain/`. */
import type { Role } from "./roles";
import type { Ruleset } from "./rules";
import type { ActionsPermissions, Hook, Secret, Variable, WorkflowPermissions } from "./settings";

/** Permission names of fine-grained tokens and Apps, such as `contents`, each with what it allows. */
export type Permissions = Record<string, "read" | "write" | "admin">;

export interface User {
  id: number;
  nodeId: string;
  login: string;
  type: "User" | "Bot";
  name: string | null;
  email: string;
  siteAdmin: boolean;
  createdAt: string;
  updatedAt: string;
  keys: PublicKey[];
  gpgKeys: { id: number; keyId: string; publicKey: string; createdAt: string }[];
}

export interface PublicKey {
  id: number;
  key: string;
  title: string;
  createdAt: string;
  readOnly: boolean;
  addedBy: number | null;
}

export interface OrgMembership {
  userId: number;
  role: "admin" | "member";
  state: "pending" | "active";
  invitedBy: number | null;
  createdAt: string;
  updatedAt: string;
}

export interface Organization {
  id: number;
  nodeId: string;
  login: string;
  name: string;
  description: string | null;
  billingEmail: string;
  plan: "free" | "team" | "enterprise";
  /** What every member may do on every repository of the organization. */
  defaultRepositoryPermission: "none" | "read" | "write" | "admin";
  membersCanCreateRepositories: boolean;
  membersCanForkPrivateRepositories: boolean;
  twoFactorRequired: boolean;
  /** Fine-grained tokens of members wait for an approval before they reach the organization. */
  patApprovalRequired: boolean;
  classicPatAllowed: boolean;
  memberships: Map<number, OrgMembership>;
  rulesets: Map<number, Ruleset>;
  hooks: Map<number, Hook>;
  secrets: Map<string, Secret>;
  variables: Map<string, Variable>;
  actions: ActionsPermissions & { enabledRepositories: "all" | "none" | "selected"; selectedRepositoryIds: number[] };
  workflow: WorkflowPermissions;
  createdAt: string;
  updatedAt: string;
}

export interface Team {
  id: number;
  nodeId: string;
  orgId: number;
  name: string;
  slug: string;
  description: string | null;
  privacy: "secret" | "closed";
  notificationSetting: "notifications_enabled" | "notifications_disabled";
  permission: "pull" | "push" | "admin";
  parentId: number | null;
  members: Map<number, { userId: number; role: "member" | "maintainer" }>;
  /** Repository id to role. */
  repos: Map<number, Role>;
  createdAt: string;
  updatedAt: string;
}

export interface Gist {
  id: string;
  nodeId: string;
  ownerId: number;
  public: boolean;
  description: string | null;
  files: Record<string, string>;
  createdAt: string;
  updatedAt: string;
}

export interface App {
  id: number;
  nodeId: string;
  slug: string;
  name: string;
  clientId: string;
  clientSecret: string;
  ownerId: number;
  /** RSA key in PKCS#1, as GitHub hands it out. */
  pem: string;
  botUserId: number;
  permissions: Permissions;
  events: string[];
  createdAt: string;
}

export interface Installation {
  id: number;
  appId: number;
  account: { kind: "org" | "user"; id: number };
  permissions: Permissions;
  repositorySelection: "all" | "selected";
  repositoryIds: Set<number>;
  createdAt: string;
  updatedAt: string;
}
