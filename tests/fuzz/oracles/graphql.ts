import { execute, parse, TypeInfo, validate, visit, visitWithTypeInfo } from "graphql";
import { compile } from "../../../gate/policy/compiled";
import { OPENED } from "../../../gate/policy/graphql/gateFields";
import { judgeGraphql } from "../../../gate/policy/graphql/judge";
import { removeForeign, judgeResolved, RESOLVE_QUERY } from "../../../gate/policy/graphql/resolve";
import { Refusal } from "../../../gate/policy/refusals";
import { policyFor } from "../../gate/support/policy";
import { CANARY, CANARY_NUMBER, githubSchema, PLACES, resolver } from "../support/universe";

const c = compile(policyFor());

/** Types that no agent has anything to do with: whoever reads a field of one has found a hole in the table. */
const CLOSED_TYPES =
  /^(?:Enterprise(?!UserAccount$)|Gist|ProjectV2|Project$|ProjectCard|ProjectColumn|Sponsor|Marketplace|SecurityAdvisory|SecurityVulnerability|RepositoryVulnerability|DependabotUpdate|DeployKey|Environment|Deployment|Ip|Saved|PublicKey|OIDC|Organization(?:Audit|Identity|Invitation)|External|Verifiable|Codespace|Migration|RepositoryRule|RepositoryMigration|Discussion|Package|UserStatus|Stargazer|Topic|Submodule)/;
/** Fields that hold a credential or an address of a person, whatever their type. */
const CLOSED_FIELDS =
  /^(?:tempCloneToken|email$(?<!GitActor)|publicKeys|ssh(?:Key|Signing)|gpg|samlIdentityProvider|vulnerabilityAlerts|deployKeys|rulesets?|collaborators|invitations?|secrets?|variables$|members|repositories|organizations|gists|watchers|stargazers|forks|templateRepository|timelineItems|closingIssuesReferences|associatedPullRequests)$/;

/** Keys of a mutation's input that name what it changes. */
const SUBJECTS =
  /^(?:repositoryId|pullRequestId|pullRequestReviewId|pullRequestReviewThreadId|subjectId|issueId|duplicateIssueId|id|threadId|labelableId|assignableId|commentId)$/;

export interface Asked {
  readonly query: string;
  readonly variables?: unknown;
  readonly operationName?: unknown;
}

/**
 * Whatever document the gate lets through reads, when it is executed as it is sent, nothing that belongs to a
 * repository which is not listed (after what the gate takes out of the answer), no field of a closed kind, and changes
 * nothing but what it may.
 */
export async function answersHoldListedRepositories(asked: Asked): Promise<boolean> {
  const schema = githubSchema();
  const judged = judgeGraphql(c, JSON.stringify(asked));
  if (judged instanceof Refusal) return false;
  const sent = JSON.parse(judged.text) as { query: string; variables: Record<string, unknown>; operationName?: string };
  const document = parse(sent.query);
  // What is sent is what was judged, written anew: the same tree, but that a block string is a plain one.
  if (!judged.write && treeOf(sent.query) !== treeOf(asked.query))
    throw new Error(`sends another document: ${sent.query}`);
  if (validate(schema, document).length > 0) return false; // GitHub refuses it whole
  const run = (doc: typeof document, variableValues: Record<string, unknown>, operationName?: string) =>
    execute({ schema, document: doc, variableValues, operationName, fieldResolver: resolver as never });
  if (judged.ids.length > 0) {
    const answer = await run(parse(RESOLVE_QUERY), { ids: judged.ids });
    if (judgeResolved(c, judged.ids, JSON.parse(JSON.stringify(answer)), judged.write) !== undefined) return false;
    for (const id of judged.ids)
      if (!String(PLACES[id]).startsWith("acme/")) throw new Error(`the id ${id} passes, and belongs to ${PLACES[id]}`);
  }
  const operations = document.definitions.filter((d) => d.kind === "OperationDefinition");
  if (operations.length !== 1) throw new Error("more than one operation is sent");
  if ((operations[0]?.operation === "mutation") !== judged.write)
    throw new Error("a mutation that is not taken for one");
  if (judged.write) judgeInput(sent.variables["gatehouseInput"]);

  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      Field: (node) => {
        const parent = types.getParentType()?.name ?? "";
        if (CLOSED_TYPES.test(parent)) throw new Error(`reads ${parent}.${node.name.value}`);
        if (CLOSED_FIELDS.test(node.name.value) && parent !== "GitActor")
          throw new Error(`reads ${parent}.${node.name.value}`);
      },
    }),
  );
  const result = JSON.parse(JSON.stringify(await run(document, sent.variables, sent.operationName))) as {
    data?: Record<string, Record<string, unknown> | null> | null;
  };
  // As the Worker does with what it asked for itself.
  if (judged.opens !== undefined) delete result.data?.[judged.opens]?.[OPENED];
  removeForeign(c, result.data, judged.foreign);
  const answer = JSON.stringify(result.data ?? null);
  if (judged.introspected.length === 0 && answer.includes('"gatehouse'))
    throw new Error(`a key of the gate's own is left: ${answer.slice(0, 300)}`);
  if (answer.includes(CANARY) || answer.includes("_foreign") || answer.includes(String(CANARY_NUMBER)))
    throw new Error(`the answer holds ${answer.slice(0, 300)}`);
  return result.data !== undefined && result.data !== null;
}

/** The tree without what the gate asks for itself. */
const treeOf = (query: string): string =>
  JSON.stringify(parse(query, { noLocation: true }), (key, value: unknown) =>
    key === "block"
      ? undefined
      : key === "selections"
        ? (value as readonly { alias?: { value: string } }[]).filter(
            ({ alias }) => alias?.value.startsWith("gatehouse") !== true,
          )
        : value,
  );

function judgeInput(input: unknown): void {
  for (const [key, value] of Object.entries((input ?? {}) as Record<string, unknown>)) {
    if (SUBJECTS.test(key) && typeof value === "string" && PLACES[value] !== "acme/api")
      throw new Error(`changes ${key} ${value}, which is in ${PLACES[value] ?? "no known place"}`);
    if (key === "draft" && value !== true) throw new Error("opens a pull request for merging");
    if (key === "event" && value !== "COMMENT" && value !== null) throw new Error(`reviews with ${String(value)}`);
    if (key === "headRefName" && !/^(?:acme:)?claude\/./i.test(String(value)))
      throw new Error(`proposes ${String(value)}`);
  }
}
