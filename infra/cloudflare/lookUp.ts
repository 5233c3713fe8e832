import * as cloudflare from "@pulumi/cloudflare";
import { environmentOf } from "../environment";
import { names, type EnvironmentInput } from "../model";

/** The migration tag of the deployed ledger script; undefined when it is not deployed or has none. */
export async function lookUpLedgerTag(input: EnvironmentInput): Promise<string | undefined> {
  const environment = environmentOf(input, "environment");
  const { ledgerScript } = names(environment);
  const { results } = await cloudflare.getWorkersScripts({ accountId: environment.gate.accountId });
  return results.find(({ id }) => id === ledgerScript)?.migrationTag || undefined;
}
