import type { EnvOf } from "../../edge/bindings";
import type { FORWARDER_BINDINGS } from "../contract";
import type { Ledger } from "../worker/ledger";

/** The forwarder's bindings, as its contract lists them. */
export type ForwarderEnv = EnvOf<
  typeof FORWARDER_BINDINGS,
  {
    durable_object_namespace: DurableObjectNamespace<Ledger>;
    r2_bucket: R2Bucket;
    service: Fetcher;
  }
>;
