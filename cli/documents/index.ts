import { controlsPage } from "./controls";
import { oscalComponentDefinition } from "./oscal";
import type { DocumentInput } from "./posture";

/** Every document by its file's name. Pure: the same input gives the same bytes, and nothing secret goes in. */
export const DOCUMENTS = {
  "controls.md": controlsPage,
  "oscal-component-definition.json": oscalComponentDefinition,
} as const satisfies Readonly<Record<string, (input: DocumentInput) => string>>;

export type DocumentName = keyof typeof DOCUMENTS;
