import type { CaseFile } from "../support/types";
import { dotSegments } from "./01-dot-segments";
import { separators } from "./02-separators";
import { caseAndSuffix } from "./03-case-and-suffix";
import { aliasRoutes } from "./04-alias-routes";
import { headers } from "./05-headers";

/** The corpus: one file for each class. */
export const CORPUS: readonly CaseFile[] = [dotSegments, separators, caseAndSuffix, aliasRoutes, headers];
