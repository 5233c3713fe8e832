import type { Ledger as LedgerClass } from "./ledger";
import { callOf, readCall, writeResult } from "./ledger/process";

export { Ledger } from "./ledger";

/**
 * The ledger in a process of its own, for gates in several processes (selfHost.ts). It listens where only they and the
 * forwarder can reach it: a socket in the file system.
 */
export default {
  async fetch(request: Request, env: { readonly LEDGER: DurableObjectNamespace<LedgerClass> }): Promise<Response> {
    const call = callOf(request);
    if (call === undefined) return new Response(null, { status: 404 });
    const ledger = env.LEDGER.get(env.LEDGER.idFromName("ledger")) as unknown as Record<
      string,
      (...args: unknown[]) => Promise<unknown>
    >;
    try {
      return new Response(writeResult(await ledger[call]?.(...readCall(call, await request.text()))));
    } catch (error) {
      return new Response(error instanceof Error ? error.message : "unknown", { status: 500 });
    }
  },
};
