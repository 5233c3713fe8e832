/** What parsed JSON holds, read without trusting its shape. */
export type Bag = Readonly<Record<string, unknown>>;
/** An object as it is, and an empty one for anything else. */
export const bag = (value: unknown): Bag =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Bag) : {};
/** A list as it is, and an empty one for anything else. */
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
