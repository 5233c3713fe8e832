/** Every mutation that is implemented. Any other answers an error that names it. */
import type { FieldResolver } from "../source";
import { issueMutations } from "./issues";
import { protectionMutations } from "./protection";
import { pullMutations } from "./pulls";
import { refMutations } from "./refs";
import { reviewMutations } from "./reviews";

export const mutations: Readonly<Record<string, FieldResolver<unknown>>> = { ...issueMutations, ...protectionMutations, ...pullMutations, ...refMutations, ...reviewMutations };
