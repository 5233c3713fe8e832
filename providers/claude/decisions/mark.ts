import { createHash } from "node:crypto";
import { MARK_KEY } from "../model/common";
import { isObject, type Json } from "../model/field";

/** What a resource's metadata says about where it belongs: nothing that a stranger could read, one value for one URN. */
const markOf = (urn: string): string => createHash("sha256").update(urn).digest("hex");

export const marked = (metadata: unknown, urn: string): Json => ({
  ...(isObject(metadata) ? metadata : {}),
  [MARK_KEY]: markOf(urn),
});

export const bears = (answer: Json, urn: string): boolean =>
  isObject(answer.metadata) && answer.metadata[MARK_KEY] === markOf(urn);
