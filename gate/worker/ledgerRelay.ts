import { DurableObject } from "cloudflare:workers";
import { callAddress, LEDGER_CALLS, readResult, writeCall, type LedgerCall } from "./ledger/process";

/**
 * Stands in the place of the ledger in each of several gate processes and in the forwarder's, and asks the one ledger of
 * all (ledgerProcess.ts). It keeps nothing: what it cannot ask fails, and the gate refuses as it does without a ledger.
 */
export class Ledger extends DurableObject<{ readonly LEDGER_PROCESS: Fetcher }> {
  static {
    for (const call of LEDGER_CALLS)
      Object.defineProperty(this.prototype, call, {
        value(this: Ledger, ...args: unknown[]): Promise<unknown> {
          return this.ask(call, args);
        },
      });
  }

  private async ask(call: LedgerCall, args: readonly unknown[]): Promise<unknown> {
    const answer = await this.env.LEDGER_PROCESS.fetch(callAddress(call), {
      method: "POST",
      body: writeCall(call, args),
    });
    const body = await answer.text();
    if (!answer.ok) throw new Error(`the ledger's process answered ${answer.status}: ${body}`);
    return readResult(body);
  }
}

/** A Durable Object's script needs a handler of its own; nothing is reachable through it. */
export default {
  async fetch(): Promise<Response> {
    return new Response(null, { status: 404 });
  },
};
