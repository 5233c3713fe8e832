import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { document, runMatrix, shown } from "./run";
import { installClients } from "./support/clients";

/** `npm run clients`: runs the real clients and writes docs/clients.md. */
async function main(): Promise<void> {
  const { ready, missing } = installClients();
  for (const [name, reason] of missing) process.stderr.write(`left as it was: ${name}, because ${reason}\n`);
  const outcomes = await runMatrix(ready);
  const file = join(__dirname, "../../docs/clients.md");
  writeFileSync(
    file,
    await format(document(outcomes, ready, readFileSync(file, "utf8")), {
      ...(await resolveConfig(file)),
      filepath: file,
    }),
  );
  for (const { command, exit, seen } of outcomes)
    process.stdout.write(`${exit === 0 ? "ok  " : "no  "} ${shown(command)}\n     ${seen}\n`);
  process.exit(0);
}
void main();
