import type { Topic } from "../../infra/model";
import { controlRows, evidenceText } from "../controls/rows";
import { claimsOf, code, pageHead, table, type DocumentInput } from "./posture";

const TOPICS: readonly Topic[] = ["data flows", "access control", "incident response"];

/** `controls.md`: what the posture does for the controls of standards, where to look, and what it does not do. */
export function controlsPage(input: DocumentInput): string {
  const mapping = controlRows(claimsOf(input.environment));
  const rows = mapping.flatMap((part) => part.rows);
  return [
    ...pageHead(
      input,
      "Controls",
      `What the posture of the stack \`${input.stack}\` does for the controls of seven lists that auditors ask about, where the evidence is, and what it`,
      "does not do. For OpenSSF Scorecard and the branch rules of CIS the page says whether the stack meets them. The stack's output `controls` says the same, so a",
      "stack diff shows what changes. These verdicts follow from what the stack declares for the default branch of every repository that the agent may write to;",
      "they hold where the GitHub plan offers rulesets, branch protection and code owners: Team and Enterprise for private repositories, every plan for public ones.",
      "",
      "Evidence: a **lock** is proven by `gatehouse sandbox drill`, a **question** is asked of the live systems by `gatehouse assess`, a **policy** judges each stack",
      "by `gatehouse policy check`, an **action** of the catalogue names the control itself, a **resource** stands in the state.",
      "",
      "`oscal-component-definition.json` says the same in OSCAL.",
      "",
    ),
    "## Where to look",
    "",
    ...table(
      ["topic", "controls"],
      TOPICS.map((topic) => [
        topic,
        rows
          .filter((row) => row.topic === topic)
          .map(({ id }) => id)
          .join(", "),
      ]),
    ),
    "",
    ...mapping.flatMap(({ framework, rows: part }) => [
      `## ${framework.title}, ${framework.version}`,
      "",
      `[Source](${framework.source}). ${framework.note}`,
      "",
      ...table(
        ["control", "asks for", "posture", "how it contributes", "evidence", "what it does not do, or what it takes"],
        part.map((row) => [
          row.id,
          row.title,
          row.status,
          row.contributes,
          evidenceText(row.evidence, code),
          row.limit,
        ]),
      ),
      "",
    ]),
  ].join("\n");
}
