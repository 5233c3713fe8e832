import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../package.json";
import { packageSchema } from "./schema";

/** `npm run schema`: writes the package's schema; a test holds it against the environment's. */
writeFileSync(join(__dirname, "schema.json"), `${JSON.stringify(packageSchema(version), null, 2)}\n`);
