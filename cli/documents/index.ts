import { controlsPage } from "./controls";
import { dataFlowPage } from "./dataFlow";
import { incidentResponsePage } from "./incidentResponse";
import { oscalComponentDefinition } from "./oscal";
import type { DocumentInput } from "./posture";
import { securityPolicyPage } from "./securityPolicy";
import { threatModelPage } from "./threatModel";

/** Every document by its file's name. Pure: the same input gives the same bytes, and nothing secret goes in. */
export const DOCUMENTS = {
  "controls.md": controlsPage,
  "data-flow.md": dataFlowPage,
  "threat-model.md": threatModelPage,
  "incident-response.md": incidentResponsePage,
  "security-policy.md": securityPolicyPage,
  "oscal-component-definition.json": oscalComponentDefinition,
} as const satisfies Readonly<Record<string, (input: DocumentInput) => string>>;

export type DocumentName = keyof typeof DOCUMENTS;
