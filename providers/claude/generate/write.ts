import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { version } from "../package.json";
import { packageSchema } from "./schema";
import { argumentsSource } from "./typescript";

const ROOT = join(__dirname, "..");

/** Every file that follows from the model, as it should stand on the disk; a test holds them against it. */
export async function generatedFiles(): Promise<Record<string, string>> {
  const formatted = async (file: string, text: string): Promise<string> => {
    const path = join(ROOT, file);
    return format(text, { ...(await resolveConfig(path)), filepath: path });
  };
  return {
    "schema.json": await formatted("schema.json", JSON.stringify(packageSchema(version), null, 2)),
    "resources/args.ts": await formatted("resources/args.ts", argumentsSource()),
  };
}

if (require.main === module)
  void generatedFiles().then((files) => {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(ROOT, file), text);
  });
