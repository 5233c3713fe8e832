import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseStackFile } from "../../infra/config";
import { gatehouse, ROOT, serve } from "../support/sandbox";

jest.setTimeout(400_000);

const FOLDER = join(ROOT, "examples");
const EXAMPLES = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

/** What an example is run with beside its own file. */
const SETUP: Readonly<Record<string, { project?: string; config?: () => Promise<string[]> }>> = {
  // The environment stands in the program; the systems are those of the project itself, which has the same names.
  "many-repositories": { project: ROOT },
  // The server's address is the stand-in's.
  ghes: { config: async () => ["--config", `gatehouse:githubUrl=http://127.0.0.1:${await freePort()}`] },
};

it("are all named in the overview", () => {
  const overview = readFileSync(join(FOLDER, "README.md"), "utf8");
  expect(EXAMPLES.filter((name) => !overview.includes(`](${name})`))).toEqual([]);
  expect(EXAMPLES.length).toBeGreaterThanOrEqual(4);
});

describe.each(EXAMPLES)("%s", (name) => {
  const file = join(FOLDER, name, "Pulumi.dev.yaml");

  it("has an environment file that is valid, or its environment in the program", () => {
    const text = readFileSync(file, "utf8");
    if (text.includes("gatehouse:organization")) expect(parseStackFile(text, file).organization).toBe("acme");
    else expect(readFileSync(join(FOLDER, name, "index.ts"), "utf8")).toContain("createPosture(");
  });

  it("comes up in the sandbox, and has nothing to do the second time", async () => {
    const { project = join(FOLDER, name), config = () => Promise.resolve([]) } = SETUP[name] ?? {};
    const overrides = await config();
    const { ready, running } = await serve("--bare", "--stack", "dev", "--project", project, ...overrides);
    const stateDir = mkdtempSync(join(tmpdir(), "gatehouse-example-"));
    try {
      const run = async (...args: string[]) => {
        const child = gatehouse(["sandbox", ...args, "--stack", "dev", "--project", join(FOLDER, name), ...overrides], {
          env: { ...ready.env, GATEHOUSE_STATE_DIR: stateDir },
        });
        const code = await child.exited;
        return { code, stdout: child.stdout(), stderr: child.stderr() };
      };
      const up = await run("up", "--yes", "--type-check");
      expect([up.code, up.stderr]).toEqual([0, ""]);
      expect(up.stdout).toMatch(/gateUrl +: "https?:\/\//);
      const again = await run("preview", "--json");
      const { changeSummary } = JSON.parse(again.stdout) as { changeSummary: Record<string, number> };
      expect(Object.keys(changeSummary)).toEqual(["same"]);
      expect(changeSummary.same).toBeGreaterThan(35);
    } finally {
      running.child.kill("SIGTERM");
      await running.exited;
      rmSync(stateDir, { recursive: true, force: true });
    }
  });
});
