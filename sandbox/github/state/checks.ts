/** What is known about commits: statuses, checks, Actions runs, releases. Plain data; behaviour lives in `domain/`. */

export interface CommitStatus {
  id: number;
  nodeId: string;
  /** The App whose token set it; null for a person. */ appId: number | null;
  sha: string;
  state: "error" | "failure" | "pending" | "success";
  context: string;
  description: string | null;
  targetUrl: string | null;
  creatorId: number;
  createdAt: string;
  updatedAt: string;
}
export interface CheckRun {
  id: number;
  nodeId: string;
  suiteId: number;
  appId: number;
  headSha: string;
  name: string;
  externalId: string;
  detailsUrl: string | null;
  status: "queued" | "in_progress" | "completed";
  conclusion: string | null;
  startedAt: string | null;
  completedAt: string | null;
  output: { title: string | null; summary: string | null; text: string | null };
}
export interface CheckSuite {
  id: number;
  nodeId: string;
  appId: number;
  headSha: string;
  headBranch: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface Workflow {
  id: number;
  nodeId: string;
  name: string;
  path: string;
  state: "active" | "disabled_manually";
  createdAt: string;
  updatedAt: string;
}
export interface WorkflowRun {
  id: number;
  nodeId: string;
  workflowId: number;
  runNumber: number;
  attempt: number;
  event: string;
  headBranch: string;
  headSha: string;
  actorId: number;
  status: "queued" | "in_progress" | "completed";
  conclusion: string | null;
  createdAt: string;
  updatedAt: string;
  suiteId: number;
  log: string;
  jobs: WorkflowJob[];
  artifacts: Artifact[];
}
export interface WorkflowJob {
  id: number;
  nodeId: string;
  name: string;
  status: "queued" | "in_progress" | "completed";
  conclusion: string | null;
  startedAt: string;
  completedAt: string | null;
  steps: { name: string; status: "completed" | "queued" | "in_progress"; conclusion: string | null; number: number }[];
}
export interface Artifact {
  id: number;
  nodeId: string;
  name: string;
  content: Buffer;
  createdAt: string;
  expiresAt: string;
}

export interface Release {
  id: number;
  nodeId: string;
  tagName: string;
  target: string;
  name: string | null;
  body: string | null;
  draft: boolean;
  prerelease: boolean;
  authorId: number;
  createdAt: string;
  publishedAt: string | null;
  assets: ReleaseAsset[];
}
export interface ReleaseAsset {
  id: number;
  nodeId: string;
  name: string;
  label: string | null;
  contentType: string;
  content: Buffer;
  uploaderId: number;
  downloads: number;
  createdAt: string;
  updatedAt: string;
}
