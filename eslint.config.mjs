import eslint from "@eslint/js";
import tseslint from "typescript-eslint";
import importX, { createNodeResolver } from "eslint-plugin-import-x";

const ROOMS = [
  "edge",
  "infra",
  "stacks",
  "plugin",
  "providers",
  "gate",
  "cli",
  "rotation",
  "policy",
  "sandbox",
  "tests",
  "bench",
];

/**
 * Who may know whom: a folder imports itself and what is listed, nothing else. A name with a slash opens that folder or
 * file alone. Everything may import everything within its own folder.
 */
const borders = (target, allowed, files = [`${target}/**/*.ts`]) => ({
  files,
  rules: {
    "import-x/no-restricted-paths": [
      "error",
      {
        zones: ROOMS.filter((other) => other !== target && !allowed.includes(other)).map((from) => ({
          target: `./${target}`,
          from: `./${from}`,
          except: allowed
            .filter((name) => name.startsWith(`${from}/`))
            .map((name) => `./${name.slice(from.length + 1)}`),
          message: `${target}/ does not know ${from}/.`,
        })),
      },
    ],
  },
});
const PURE = ["infra/model", "infra/plans", "infra/config"];

const forbid = (files, patterns) => ({ files, rules: { "no-restricted-imports": ["error", { patterns }] } });

// Rules that need types are in .oxlintrc.json.
export default tseslint.config(
  { ignores: ["node_modules", "**/.gatehouse", "dist", "coverage", "tests/fixtures"] },
  eslint.configs.recommended,
  ...tseslint.configs.recommended,
  {
    plugins: { "import-x": importX },
    // Without it no import of a .ts file is resolved, and the borders below would hold nothing.
    settings: { "import-x/resolver-next": [createNodeResolver({ extensions: [".ts", ".js", ".json"] })] },
  },
  {
    files: ["**/*.js"],
    languageOptions: {
      globals: { require: "readonly", module: "writable", process: "readonly", __dirname: "readonly" },
    },
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
  {
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "CallExpression[callee.property.name=/^(only|skip|todo)$/][callee.object.name=/^(it|test|describe)$/]",
          message: "A test that cannot run here says why: use skipWithReason from tests/support.",
        },
      ],
    },
  },
  borders("edge", []),
  borders("gate", ["edge"]),
  borders("rotation", [...PURE, "edge"]),
  // A package of its own, which others may use without the rest of the house.
  borders("providers", []),
  borders("infra", ["gate/contract.ts", "gate/policy", "edge", "rotation/contract.ts", "providers/claude/resources"]),
  // Within infra: the model knows the gate's contract alone, plans follow from it, reading checks against both; the
  // components stand above all three.
  borders("infra/model", ["infra/model", "gate/contract.ts"]),
  borders("infra/plans", [
    "infra/plans",
    "infra/model",
    "infra/config/json.ts",
    "gate/contract.ts",
    "gate/policy",
    "edge",
  ]),
  borders("infra/config", ["infra/config", "infra/model", "infra/plans", "gate/contract.ts", "gate/policy", "edge"]),
  borders("stacks", ["infra"]),
  borders("plugin", ["infra"]),
  borders("cli", [...PURE, "gate", "edge", "rotation", "policy", "sandbox/package.json"]),
  // The product runs without the sandbox: these load it when a command needs it.
  borders(
    "cli",
    [...PURE, "gate", "edge", "rotation", "policy", "sandbox"],
    ["cli/commands/sandbox.ts", "cli/commands/sandboxEngine.ts", "cli/commands/assess.ts"],
  ),
  // A gate of one's own is made of the same modules as the stack's.
  borders(
    "cli",
    [...PURE, "gate", "edge", "rotation", "policy", "infra/cloudflare/bundle.ts"],
    ["cli/render/selfHost.ts"],
  ),
  borders("policy", [...PURE, "gate"]),
  // What a rehearsal takes of the commands: their errors, tables and reports, and where the token is stored.
  borders("sandbox", [
    ...PURE,
    "providers",
    "edge",
    "rotation/effects.ts",
    "cli/support",
    "cli/report",
    "cli/token/context.ts",
  ]),
  // Its tests share the helpers of the others.
  borders(
    "sandbox",
    [...PURE, "providers", "gate", "edge", "rotation", "cli", "tests/support"],
    ["sandbox/tests/**/*.ts"],
  ),
  forbid(
    [...PURE.map((folder) => `${folder}/**/*.ts`), "edge/**/*.ts", "gate/**/*.ts", "rotation/**/*.ts"],
    [
      { group: ["@pulumi/*"], message: "Pure of Pulumi." },
      {
        group: ["node:*", "fs", "path", "crypto", "http", "https", "child_process", "os", "stream", "buffer"],
        message: "Runs at the edge and in the model: no Node.",
      },
    ],
  ),
);
