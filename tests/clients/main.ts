import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { document, runMatrix } from "./run";

/** `npm run clients`: runs the real clients and writes docs/clients.md. */
async function main(): Promise<void> {
  const outcomes = await runMatrix();
  const file = join(__dirname, "../../docs/clients.md");
  writeFileSync(file, await format(document(outcomes), { ...(await resolveConfig(file)), filepath: file }));
  for (const { command, exit, seen } of outcomes)
    process.stdout.write(`${exit === 0 ? "ok  " : "no  "} ${command.client} ${command.args}\n     ${seen}\n`);
  process.exit(0);
}
void main();
