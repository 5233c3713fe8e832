/** What parsed JSON holds, read without trusting its shape. */
export type JsonRecord = Readonly<Record<string, unknown>>;
/** An object as it is, and an empty one for anything else. */
export const asRecord = (value: unknown): JsonRecord =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? (value as JsonRecord) : {};
/** A list as it is, and an empty one for anything else. */
export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
/** A text or number as text, and an empty one for anything else. */
export const asText = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value) : "";
