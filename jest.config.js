// Another workerd than the pinned one (sandbox/cloudflare/runtime/workerd.ts) is miniflare's too.
if (process.env.GATEHOUSE_WORKERD) process.env.MINIFLARE_WORKERD_PATH = process.env.GATEHOUSE_WORKERD;

/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/tests", "<rootDir>/sandbox/tests"],
  transform: {
    "^.+\\.(t|m?j)sx?$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } },
    ],
  },
  // These packages ship ES modules only, which jest must turn into CommonJS.
  transformIgnorePatterns: [
    "/node_modules/(?!(@octokit|universal-user-agent|before-after-hook|content-type|json-with-bigint|jose|@hono/node-server|hono)/)",
  ],
  testTimeout: 30_000,
  maxWorkers: 2,
};
