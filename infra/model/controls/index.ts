/** Controls of standards, and what a posture does for each: data alone. */
import { AI_RMF, AI_RMF_CONTROLS } from "./aiRmf";
import { CIS, CIS_CONTROLS } from "./cis";
import type { Control, Framework } from "./control";
import { OWASP_AGENTIC, OWASP_AGENTIC_CONTROLS, OWASP_LLM, OWASP_LLM_CONTROLS } from "./owasp";
import { SCORECARD, SCORECARD_CONTROLS } from "./scorecard";
import { SLSA_SOURCE, SLSA_SOURCE_CONTROLS } from "./slsa";
import { SP_800_53, SP_800_53_CONTROLS } from "./sp80053";

export type { Control, Evidence, Framework, Topic } from "./control";

const MAPPING = [
  { framework: AI_RMF, controls: AI_RMF_CONTROLS },
  { framework: SP_800_53, controls: SP_800_53_CONTROLS },
  { framework: SCORECARD, controls: SCORECARD_CONTROLS },
  { framework: CIS, controls: CIS_CONTROLS },
  { framework: SLSA_SOURCE, controls: SLSA_SOURCE_CONTROLS },
  { framework: OWASP_LLM, controls: OWASP_LLM_CONTROLS },
  { framework: OWASP_AGENTIC, controls: OWASP_AGENTIC_CONTROLS },
] as const;

/** The id of a control of the mapping; actions, policy rules and questions can name no other. */
export type ControlId = (typeof MAPPING)[number]["controls"][number]["id"];

/** Every standard with its controls, in the order in which pages list them. */
export const CONTROL_MAPPING: readonly {
  readonly framework: Framework;
  readonly controls: readonly (Control & { readonly id: ControlId })[];
}[] = MAPPING;

/** A control by its id. */
export function control(id: ControlId): Control {
  const found = CONTROL_MAPPING.flatMap(({ controls }) => controls).find((one) => one.id === id);
  if (!found) throw new Error(`no control ${id} in the mapping`);
  return found;
}
