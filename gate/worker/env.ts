import type { EnvOf } from "../../edge/bindings";
import type { GATE_BINDINGS } from "../contract";
import type { Ledger } from "./ledger";

/** The gate's bindings, as its contract lists them. */
export type GateEnv = EnvOf<
  typeof GATE_BINDINGS,
  {
    durable_object_namespace: DurableObjectNamespace<Ledger>;
    kv_namespace: KVNamespace;
    r2_bucket: R2Bucket;
    service: Fetcher;
  }
>;

/** Keeps work alive after the answer was sent. */
export type Background = Pick<ExecutionContext, "waitUntil">;
