/** Issues and pull requests, which share their numbers. Plain data; behaviour lives in `domain/`. */

export interface Label {
  id: number;
  nodeId: string;
  name: string;
  color: string;
  description: string | null;
  default: boolean;
}
export interface Milestone {
  id: number;
  nodeId: string;
  number: number;
  title: string;
  description: string | null;
  state: "open" | "closed";
  creatorId: number;
  createdAt: string;
  updatedAt: string;
  closedAt: string | null;
  dueOn: string | null;
}

/** An issue, and the part of a pull request that is an issue: numbers are shared. */
export interface Issue {
  id: number;
  nodeId: string;
  repositoryId: number;
  number: number;
  title: string;
  body: string | null;
  userId: number;
  /** The App through which a user acted, if any. */
  viaAppId: number | null;
  state: "open" | "closed";
  stateReason: "completed" | "not_planned" | "reopened" | "duplicate" | null;
  locked: boolean;
  lockReason: string | null;
  labels: string[];
  assigneeIds: number[];
  milestone: number | null;
  createdAt: string;
  updatedAt: string;
  closedAt: string | null;
  closedById: number | null;
  events: {
    id: number;
    nodeId: string;
    event: string;
    actorId: number;
    createdAt: string;
    label?: string;
    commitId?: string | null;
  }[];
  reactions: Reaction[];
  pull: PullRequest | null;
}

export interface Reaction {
  id: number;
  nodeId: string;
  userId: number;
  content: string;
  createdAt: string;
}

export interface Comment {
  id: number;
  nodeId: string;
  repositoryId: number;
  issueNumber: number;
  userId: number;
  viaAppId: number | null;
  body: string;
  createdAt: string;
  updatedAt: string;
  reactions: Reaction[];
}

export interface PullRequest {
  id: number;
  nodeId: string;
  draft: boolean;
  headRepositoryId: number;
  headRef: string;
  /** While open it follows the branch; afterwards it stays. */
  headSha: string;
  baseRef: string;
  baseSha: string;
  merged: boolean;
  mergedAt: string | null;
  mergedById: number | null;
  mergeCommitSha: string | null;
  maintainerCanModify: boolean;
  autoMerge: {
    enabledById: number;
    method: "merge" | "squash" | "rebase";
    title: string | null;
    message: string | null;
  } | null;
  requestedReviewerIds: number[];
  requestedTeamIds: number[];
  reviews: Review[];
  reviewComments: ReviewComment[];
  /** Who made the most recent push that changed something ("reviewable"): the last-push approval rule asks. */
  lastPusherId: number | null;
}

export interface Review {
  id: number;
  nodeId: string;
  userId: number;
  state: "PENDING" | "COMMENTED" | "APPROVED" | "CHANGES_REQUESTED" | "DISMISSED";
  body: string;
  commitId: string;
  submittedAt: string | null;
  /** Of an approval: what it was given to. */
  seen?: { mergeBase: string; tree: string };
}

export interface ReviewComment {
  id: number;
  nodeId: string;
  reviewId: number | null;
  userId: number;
  body: string;
  path: string;
  line: number | null;
  side: "LEFT" | "RIGHT";
  startLine: number | null;
  startSide: "LEFT" | "RIGHT" | null;
  subjectType: "line" | "file";
  commitId: string;
  originalCommitId: string;
  diffHunk: string;
  inReplyToId: number | null;
  /** Of the thread's first comment. */
  resolved: boolean;
  createdAt: string;
  updatedAt: string;
  reactions: Reaction[];
}
