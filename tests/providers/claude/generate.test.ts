import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageSchema } from "../../../providers/claude/generate/schema";
import { argumentsSource } from "../../../providers/claude/generate/typescript";
import { MODELS, tokenOf } from "../../../providers/claude/model";
import { isObject } from "../../../providers/claude/model/field";
import manifest from "../../../providers/claude/package.json";
import product from "../../../package.json";

const ROOT = join(__dirname, "../../../providers/claude");
const committed = (file: string): string => readFileSync(join(ROOT, file), "utf8");
/** As the command's Prettier leaves it; jest cannot load it as a module. */
const formatted = (file: string, text: string): string =>
  execFileSync(
    process.execPath,
    [join(ROOT, "../../node_modules/prettier/bin/prettier.cjs"), "--stdin-filepath", join(ROOT, file)],
    {
      input: text,
      encoding: "utf8",
    },
  );

it("the files that follow from the model are up to date: npm run schema:claude", () => {
  expect(JSON.parse(committed("schema.json"))).toEqual(packageSchema(manifest.version));
  expect(committed("resources/args.ts")).toBe(formatted("resources/args.ts", argumentsSource()));
});

it("every type that the schema refers to is in it, and every property has a description", () => {
  const schema = packageSchema(manifest.version) as { types: object; resources: object };
  const references = JSON.stringify(schema).match(/#\/types\/[\w:]+/g) ?? [];
  expect(references.length).toBeGreaterThan(20);
  expect(new Set(references.map((reference) => reference.slice("#/types/".length)))).toEqual(
    new Set(Object.keys(schema.types)),
  );
  expect(Object.keys(schema.resources)).toEqual(MODELS.map(tokenOf));
  const undescribed: string[] = [];
  const walk = (value: unknown, path: string): void => {
    if (!isObject(value)) return;
    if (isObject(value.properties))
      for (const [name, property] of Object.entries(value.properties))
        if (!isObject(property) || typeof property.description !== "string") undescribed.push(`${path}.${name}`);
    for (const [name, inner] of Object.entries(value)) walk(inner, `${path}.${name}`);
  };
  walk(schema, "");
  expect(undescribed).toEqual([]);
});

it("secrets are secrets in every language, and what cannot be changed says so", () => {
  const text = JSON.stringify(packageSchema(manifest.version).types);
  for (const name of ["secretValue", "token", "accessToken", "refreshToken", "clientSecret"])
    expect(text).toMatch(new RegExp(`"${name}":\\{[^}]*"secret":true`));
  for (const name of ["secretName", "mcpServerUrl", "clientId"])
    expect(text).toMatch(new RegExp(`"${name}":\\{[^}]*"willReplaceOnChanges":true`));
});

it("the package pins what the product pins", () => {
  expect(product.dependencies).toMatchObject(manifest.dependencies);
});
