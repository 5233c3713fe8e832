export { planRotation, type Permissions, type RotationPlan } from "../infra/plans/rotation";
