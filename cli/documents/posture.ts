import { accessMatrix, usesOrganizationRulesets, type Environment } from "../../infra/model";
import { controls } from "../../infra/plans";
import { ORGANIZATION_RULESET, ORGANIZATION_WEBHOOK, REPOSITORY_RULESET, REPOSITORY_WEBHOOK } from "../../policy/read";
import type { PostureClaims } from "../controls/rows";

/** What a document is written from: a stack's name and its environment. The same gives the same bytes. */
export interface DocumentInput {
  readonly stack: string;
  readonly environment: Environment;
}

/** The first lines of a page: where it is from, and what it is. */
export const pageHead = ({ stack }: DocumentInput, title: string, ...introduction: readonly string[]): string[] => [
  `<!-- Generated from Pulumi.${stack}.yaml by \`gatehouse documents\`. Change the environment file, not this page. -->`,
  "",
  `# ${title}`,
  "",
  ...introduction,
];

/** What an environment claims for the control mapping. */
export function claimsOf(environment: Environment): PostureClaims {
  return {
    locks: new Set(
      Object.values(accessMatrix(environment)).flatMap((place) => Object.values(place?.stopped ?? {}).flat()),
    ),
    resource: (type) => {
      if (type.startsWith("vault:") && environment.tokenStore.kind !== "vault") return undefined;
      if (type === ORGANIZATION_WEBHOOK) {
        if (environment.audit.alertWebhook === undefined) return undefined;
        return environment.audit.githubHooks === "organization" ? type : REPOSITORY_WEBHOOK;
      }
      return type === REPOSITORY_RULESET && usesOrganizationRulesets(environment) ? ORGANIZATION_RULESET : type;
    },
    met: new Map(controls(environment).map(({ id, met }) => [id, met])),
  };
}

/** A Markdown table; cells may hold Markdown, and a bar in them is escaped. */
export const table = (headings: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [headings, headings.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`);

const cell = (text: string): string => text.replaceAll("|", "\\|").replace(/\s*\n\s*/g, " ");

export const code = (text: string): string => `\`${text}\``;

/** GitHub's anchor of a heading. */
export const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
