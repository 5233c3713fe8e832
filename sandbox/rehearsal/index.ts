export { drillLocks } from "./drillLocks";
export { rehearse } from "./rehearse";
export { serve } from "./serve";
