import eslint from "@eslint/js";
import tseslint from "typescript-eslint";
import importX from "eslint-plugin-import-x";

/** Who may know whom: a folder may import only what is listed. Everything may import its own folder. */
const borders = (target, allowed) => ({
  files: [`${target}/**/*.ts`],
  rules: {
    "import-x/no-restricted-paths": [
      "error",
      {
        zones: ["infra", "stacks", "gate", "cli", "policy", "rotation", "sandbox", "tests", "bench"]
          .filter((other) => other !== target && !allowed.includes(other))
          .map((from) => ({ target: `./${target}`, from: `./${from}`, message: `${target}/ does not know ${from}/.` }))
          .concat(
            allowed.includes("infra/posture")
              ? [
                  {
                    target: `./${target}`,
                    from: "./infra",
                    except: ["./posture"],
                    message: `${target}/ knows only infra/posture.`,
                  },
                ]
              : [],
          ),
      },
    ],
  },
});
const forbid = (files, patterns) => ({ files, rules: { "no-restricted-imports": ["error", { patterns }] } });

export default tseslint.config(
  { ignores: ["node_modules", ".gatehouse", "dist", "coverage", "tests/fixtures"] },
  eslint.configs.recommended,
  ...tseslint.configs.recommended,
  { plugins: { "import-x": importX } },
  {
    files: ["**/*.js"],
    languageOptions: {
      globals: { require: "readonly", module: "writable", process: "readonly", __dirname: "readonly" },
    },
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
  {
    // A promise that nobody waits for hides its failure; in a streaming proxy it also outlives its request.
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
    },
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
  borders("infra", ["gate"]), // infra/cloudflare bundles the gate's source; it imports none of it
  borders("stacks", ["infra"]),
  borders("gate", ["infra/posture", "rotation"]),
  borders("rotation", ["infra/posture"]),
  borders("policy", ["infra/posture"]),
  borders("cli", ["infra/posture", "rotation", "sandbox"]),
  {
    files: ["infra/posture/**/*.ts"],
    rules: {
      "import-x/no-restricted-paths": [
        "error",
        {
          zones: [
            {
              target: "./infra/posture",
              from: "./infra",
              except: ["./posture"],
              message: "infra/posture knows nobody.",
            },
          ],
        },
      ],
    },
  },
  forbid(
    ["infra/posture/**/*.ts", "gate/**/*.ts", "rotation/**/*.ts"],
    [
      { group: ["@pulumi/*"], message: "Pure of Pulumi." },
      {
        group: ["node:*", "fs", "path", "crypto", "http", "https", "child_process", "os", "stream", "buffer"],
        message: "Runs at the edge and in the model: no Node.",
      },
    ],
  ),
);
