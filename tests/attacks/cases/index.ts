import type { CaseFile } from "../support/types";
import { dotSegments } from "./01-dot-segments";
import { separators } from "./02-separators";
import { caseAndSuffix } from "./03-case-and-suffix";
import { aliasRoutes } from "./04-alias-routes";
import { headers } from "./05-headers";
import { redirects } from "./06-redirects";
import { graphql } from "./07-graphql";
import { tokenReflection } from "./08-token-reflection";
import { answerAddresses } from "./09-answer-addresses";
import { caches } from "./10-caches";
import { hostConfusion } from "./11-host-confusion";
import { protocolSwitch } from "./12-protocol-switch";
import { compression } from "./13-compression";
import { sizeAndTime } from "./14-size-and-time";
import { splitting } from "./15-splitting";
import { limits } from "./16-limits";
import { credentials } from "./17-credentials";
import { exfiltration } from "./18-exfiltration";
import { agentToken } from "./19-agent-token";
import { failOpen } from "./20-fail-open";
import { auditLoss } from "./21-audit-loss";
import { bodies } from "./22-bodies";
import { git } from "./23-git";
import { lfs } from "./24-lfs";
import { proposals } from "./25-proposals";
import { mcp } from "./26-mcp";
import { guide } from "./27-guide";

/** The corpus: one file for each class. */
export const CORPUS: readonly CaseFile[] = [
  dotSegments,
  separators,
  caseAndSuffix,
  aliasRoutes,
  headers,
  redirects,
  graphql,
  tokenReflection,
  answerAddresses,
  caches,
  hostConfusion,
  protocolSwitch,
  compression,
  sizeAndTime,
  splitting,
  limits,
  credentials,
  exfiltration,
  agentToken,
  failOpen,
  auditLoss,
  bodies,
  git,
  lfs,
  proposals,
  mcp,
  guide,
];
