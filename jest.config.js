// Another workerd than the pinned one (sandbox/cloudflare/runtime/workerd.ts) is miniflare's too.
if (process.env.GATEHOUSE_WORKERD) process.env.MINIFLARE_WORKERD_PATH = process.env.GATEHOUSE_WORKERD;

/**
 * Three projects: `unit` is every test that stands under the path of its source; `system` starts the parts as they run;
 * `proof` kills, storms, mutates and repeats, which takes its time. `npm test` runs the first two, `npm run test:all`
 * all three. tests/README.md says which test goes where.
 */
const SYSTEM = ["tests/system", "tests/gate/worker", "tests/gate/selfHost", "sandbox/tests/system"];
const PROOF = ["tests/proof", "tests/attacks", "tests/clients", "sandbox/tests/proof"];

/** @returns {import("jest").ProjectConfig} */
const project = (displayName, folders, not = []) => ({
  displayName,
  testEnvironment: "node",
  roots: ["<rootDir>/tests", "<rootDir>/sandbox/tests"],
  testRegex: `^${__dirname}/(?:${folders.join("|")})\\b.*\\.test\\.ts$`,
  testPathIgnorePatterns: ["/node_modules/", ...not.map((folder) => `^${__dirname}/${folder}\\b`)],
  transform: {
    "^.+\\.(t|m?j)sx?$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } },
    ],
  },
  // These packages ship ES modules only, which jest must turn into CommonJS.
  transformIgnorePatterns: [
    "/node_modules/(?!(@octokit|universal-user-agent|before-after-hook|content-type|json-with-bigint|hono)/)",
  ],
});

/** @type {import("jest").Config} */
module.exports = {
  maxWorkers: 2,
  // Of all projects: jest does not read it from one.
  testTimeout: 30_000,
  projects: [
    project("unit", ["tests", "sandbox/tests"], [...SYSTEM, ...PROOF]),
    project("system", SYSTEM),
    project("proof", PROOF),
  ],
};
