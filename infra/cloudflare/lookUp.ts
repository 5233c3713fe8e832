import * as cloudflare from "@pulumi/cloudflare";
import { names, type Environment } from "../model";

/** The migration tag of the deployed ledger script; undefined when it is not deployed or has none. */
export async function lookUpLedgerTag(environment: Environment): Promise<string | undefined> {
  const { ledgerScript } = names(environment);
  const { results } = await cloudflare.getWorkersScripts({ accountId: environment.gate.accountId });
  return results.find(({ id }) => id === ledgerScript)?.migrationTag || undefined;
}
