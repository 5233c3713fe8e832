export { planRotation, type Permissions, type RotationPlan } from "../infra/plans/rotation";

export const DAY_MS = 86_400_000;
