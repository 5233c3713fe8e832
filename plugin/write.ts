import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { version, dependencies } from "../package.json";
import { packageSchema, providerVersions } from "./schema";

/** `npm run schema`: writes the package's schema; a test holds it against the environment's. */
writeFileSync(
  join(__dirname, "schema.json"),
  `${JSON.stringify(packageSchema(version, providerVersions(dependencies)), null, 2)}\n`,
);
