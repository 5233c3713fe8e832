import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../package.json";
import { packageSchema } from "./schema";
import { argumentsSource } from "./typescript";

/** `npm run schema:claude`: writes what follows from the model, before Prettier; a test holds the files against it. */
writeFileSync(join(__dirname, "../schema.json"), JSON.stringify(packageSchema(version), null, 2));
writeFileSync(join(__dirname, "../resources/args.ts"), argumentsSource());
