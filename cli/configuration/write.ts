import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stackFileSchema } from "../../infra/config/jsonSchema";
import { configurationPage, REFERENCE_FILE, SCHEMA_FILE } from "../../infra/config/reference";

/** `npm run configuration`: writes the schema for editors and docs/configuration.md; a test holds both against it. */
const root = join(__dirname, "../..");
writeFileSync(join(root, SCHEMA_FILE), `${JSON.stringify(stackFileSchema(), null, 2)}\n`);
writeFileSync(join(root, REFERENCE_FILE), configurationPage());
process.stdout.write(`Wrote ${SCHEMA_FILE} and ${REFERENCE_FILE}.\n`);
