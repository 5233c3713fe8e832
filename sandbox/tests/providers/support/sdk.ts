import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** What an SDK says about a resource type. */
export interface SdkType {
  /** Names that a program can set, each with the name of its nested interface where it has one. */
  inputs: ReadonlyMap<string, string | undefined>;
  required: ReadonlySet<string>;
  outputs: ReadonlySet<string>;
  /** Outputs that the SDK itself marks secret. */
  secrets: ReadonlySet<string>;
}

/** Reads the declarations of an installed `@pulumi/<name>` package. */
export class Sdk {
  private readonly folder: string;
  private readonly files = new Map<string, string>();
  private readonly nestedText: string;

  constructor(name: string) {
    this.folder = dirname(require.resolve(`@pulumi/${name}/package.json`));
    for (const file of jsFiles(this.folder)) {
      const token = /__pulumiType = '([^']+)'/.exec(readFileSync(file, "utf8"))?.[1];
      if (token) this.files.set(token, file);
    }
    const input = join(this.folder, "types/input.d.ts");
    this.nestedText = exists(input) ? readFileSync(input, "utf8") : "";
  }

  type(token: string): SdkType {
    const file = this.files.get(token);
    if (!file) throw new Error(`the SDK has no resource type ${token}`);
    const declarations = readFileSync(file.replace(/\.js$/, ".d.ts"), "utf8");
    const className = token.split(":").at(-1) ?? "";
    const inputs = membersOf(declarations, `${className}Args`);
    const outputs = [...declarations.matchAll(/^ {4}(?:\/\*\*.*\*\/ )?readonly (\w+): pulumi\.Output</gm)].map(
      ([, name]) => name ?? "",
    );
    const secrets = /additionalSecretOutputs: \[([^\]]*)\]/.exec(readFileSync(file, "utf8"))?.[1] ?? "";
    return {
      inputs: new Map(inputs.map(({ name, nested }) => [name, nested])),
      required: new Set(inputs.filter(({ optional }) => !optional).map(({ name }) => name)),
      outputs: new Set(outputs),
      secrets: new Set([...secrets.matchAll(/"(\w+)"/g)].map(([, name]) => name ?? "")),
    };
  }

  /** The fields of a nested interface, each with the name of its own nested interface where it has one. */
  nested(name: string): ReadonlyMap<string, string | undefined> {
    return new Map(membersOf(this.nestedText, name).map((member) => [member.name, member.nested]));
  }
}

function membersOf(
  text: string,
  interfaceName: string,
): { name: string; optional: boolean; nested: string | undefined }[] {
  const body = new RegExp(`^( *)(?:export )?interface ${interfaceName} \\{$([\\s\\S]*?)^\\1\\}$`, "m").exec(text)?.[2];
  if (body === undefined) throw new Error(`no interface ${interfaceName}`);
  const withoutComments = body.replace(/\/\*\*[\s\S]*?\*\//g, "");
  return [...withoutComments.matchAll(/^\s*(\w+)(\??): (.*)$/gm)].map(([, name, mark, type]) => ({
    name: name ?? "",
    optional: mark === "?",
    nested: /inputs\.(?:\w+\.)*(\w+)/.exec(type ?? "")?.[1],
  }));
}

function jsFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((entry) => {
    if (entry === "node_modules" || entry === "types") return [];
    const path = join(folder, entry);
    if (statSync(path).isDirectory()) return jsFiles(path);
    return entry.endsWith(".js") ? [path] : [];
  });
}

function exists(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
