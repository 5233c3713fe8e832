import { execFileSync } from "node:child_process";
import { workerd } from "../../../sandbox/cloudflare/runtime/workerd";

/**
 * The last release that was seen with the HTTP server of the pinned one. What differs afterwards is in docs/gate.md.
 */
const LAST_WITH_OLD_SERVER = "2026-07-30";

/** Date of the release that runs, such as `2026-04-26`: the pinned one, or what GATEHOUSE_WORKERD names. */
export const release = /\d{4}-\d\d-\d\d/.exec(execFileSync(workerd, ["--version"], { encoding: "utf8" }))?.[0] ?? "";

/** Whether its HTTP server is the newer one. */
export const hasNewerServer = release > LAST_WITH_OLD_SERVER;
