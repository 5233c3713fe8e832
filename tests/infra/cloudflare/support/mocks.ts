import { createHash } from "node:crypto";

/** Another password for each resource, and the bytes that the stack makes of it. */
export const password = (name: string): string => `raw password of ${name}`;
export const bytes = (name: string): string => createHash("sha256").update(password(name)).digest("base64");
export const SECRET_ID = "raw-secret-id-of-the-test";

/** Every resource type that a component for Cloudflare may declare. */
export const types = {
  "random:index/randomPassword:RandomPassword": (_: unknown, name: string) => ({ id: "none", result: password(name) }),
  "cloudflare:index/workersScript:WorkersScript": () => ({}),
  "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain": () => ({}),
  "cloudflare:index/workersKvNamespace:WorkersKvNamespace": () => ({ id: "kv-id" }),
  "cloudflare:index/workersCronTrigger:WorkersCronTrigger": () => ({}),
  "cloudflare:index/workersCustomDomain:WorkersCustomDomain": () => ({}),
  "cloudflare:index/workersRoute:WorkersRoute": () => ({}),
  "cloudflare:index/r2Bucket:R2Bucket": () => ({}),
  "cloudflare:index/r2BucketLock:R2BucketLock": () => ({}),
  "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle": () => ({}),
  "cloudflare:index/logpushJob:LogpushJob": () => ({}),
};
export const ACCOUNT = "0123456789abcdef0123456789abcdef";
export const SCRIPTS = {
  gate: "export default {};\n",
  ledger: "export class Ledger {}\n",
  rotator: "export default { scheduled() {} };\n",
};
