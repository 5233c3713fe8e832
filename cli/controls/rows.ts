import { CATALOGUE, CONTROL_MAPPING, type Control, type ControlId, type Framework } from "../../infra/model";
import { RULES } from "../../policy/library";
import { QUESTIONS } from "../assess/assess";

/** What stands behind a control in one posture, by the kind of thing that a reader can look at. */
export interface ControlEvidence {
  readonly locks: readonly string[];
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly commands: readonly string[];
  readonly policies: readonly string[];
  readonly questions: readonly string[];
  readonly pages: readonly string[];
}

export interface ControlRow extends Pick<Control, "title" | "contributes" | "limit" | "topic"> {
  readonly id: ControlId;
  /**
   * `met` and `not met` for what can be decided from the posture, else `contributes`; `nothing` where the posture does
   * nothing.
   */
  readonly status: "met" | "not met" | "contributes" | "nothing";
  readonly evidence: ControlEvidence;
}

/** What a posture says of itself; read from an environment, or from a stack's outputs. */
export interface PostureClaims {
  /** Ids of the locks that stand before at least one action. */
  readonly locks: ReadonlySet<string>;
  /**
   * The type under which the stack declares such a resource; undefined where it declares none. Enterprise has rulesets
   * of the organization in place of one for each repository.
   */
  readonly resource: (type: string) => string | undefined;
  /** Whether a control is met, by its id, for those that follow from the posture. */
  readonly met: ReadonlyMap<string, boolean>;
}

/** Each standard of the mapping with what a posture does for its controls. Pure. */
export function controlRows(
  posture: PostureClaims,
): readonly { readonly framework: Framework; readonly rows: readonly ControlRow[] }[] {
  return CONTROL_MAPPING.map(({ framework, controls }) => ({
    framework,
    rows: controls.map(({ id, title, contributes, evidence, limit, topic }): ControlRow => {
      const named = (kind: string): string[] =>
        evidence.flatMap((one) => (one.startsWith(`${kind}:`) ? [one.slice(kind.length + 1)] : []));
      const found: ControlEvidence = {
        locks: named("lock").filter((lock) => posture.locks.has(lock)),
        actions: CATALOGUE.filter(({ references }) => references.includes(id)).map((action) => action.id),
        resources: named("resource").flatMap((type) => posture.resource(type) ?? []),
        commands: named("command"),
        policies: RULES.filter(({ controls: ids }) => ids.includes(id)).map((rule) => rule.id),
        questions: QUESTIONS.filter(({ controls: ids = [] }) => ids.includes(id)).map((question) => question.id),
        pages: named("page"),
      };
      const met = posture.met.get(id);
      const none = Object.values(found).every((list: readonly string[]) => list.length === 0);
      return {
        id,
        title,
        status: met === undefined ? (none ? "nothing" : "contributes") : met ? "met" : "not met",
        contributes,
        evidence: found,
        limit,
        ...(topic === undefined ? {} : { topic }),
      };
    }),
  }));
}

/** Actions that a row names one by one; more are counted. */
const NAMED = 3;

/** Evidence in words: each kind with its ids, of actions the first few. */
export function evidenceText(
  { locks, actions, resources, commands, policies, questions, pages }: ControlEvidence,
  code: (text: string) => string,
): string {
  const list = (one: string, several: string, ids: readonly string[], most = ids.length): string[] => {
    if (ids.length === 0) return [];
    const more = ids.length - most;
    return [
      `${ids.length === 1 ? one : several} ${ids.slice(0, most).map(code).join(", ")}${more > 0 ? ` and ${more} more` : ""}`,
    ];
  };
  return [
    ...list("lock", "locks", locks),
    ...list("action", "actions", actions, NAMED),
    ...list("resource", "resources", resources.map(shortType)),
    ...list(
      "command",
      "commands",
      commands.map((name) => `gatehouse ${name}`),
    ),
    ...list("policy", "policies", policies),
    ...list("question of assess", "questions of assess", questions),
    ...list("page", "pages", pages),
  ].join("; ");
}

/** `github:index/team:Team` as `github.Team`, the way the program writes it. */
const shortType = (type: string): string => {
  const [vendor = "", module = "", name = ""] = type.split(":");
  const inside = module.split("/")[0] ?? "";
  return [vendor, ...(inside === "index" ? [] : [inside]), name].join(".");
};
