import { type ResourceState } from "../../../engine/state";
import { createUrn } from "../../../engine/urns";

export const urn = (name: string): string => createUrn("dev", "test", undefined, "cloud:index/thing:Thing", name);
export const state = (name: string, more: Partial<ResourceState> = {}): ResourceState => ({
  urn: urn(name),
  custom: true,
  id: name,
  type: "cloud:index/thing:Thing",
  inputs: {},
  dependencies: [],
  ...more,
});
