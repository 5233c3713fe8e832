import type { FaultList } from "../../tools/faults";
import type { RequestLog } from "../../tools/requestLog";
import type { Router } from "../http/router";
import type { Runtime } from "../runtime/runtime";
import type { Account } from "../state";

/** What routes work with. */
export interface World {
  readonly account: Account;
  readonly runtime: Runtime;
  readonly token: string;
  readonly log: RequestLog;
  readonly faults: FaultList;
}

/** A group of routes adds itself to the router. */
export type Routes = (router: Router, world: World) => void;
