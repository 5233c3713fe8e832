export { drillLocks } from "./drill";
export { rehearse } from "./rehearse";
export { serve } from "./serve";
