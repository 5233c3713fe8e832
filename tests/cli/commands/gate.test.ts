import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { workerd } from "../../../sandbox/cloudflare/runtime/workerd";
import { gatehouse } from "../../support/sandbox";

const folder = mkdtempSync(join(tmpdir(), "serve-errors-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const SURROUNDINGS = {
  GATEHOUSE_GATE_KEY: "",
  GITHUB_TOKEN: "",
  GITHUB_BASE_URL: "",
  VAULT_TOKEN: "",
  VAULT_ADDR: "https://vault.acme.dev:8200",
  VAULT_SECRET_ID: "",
  PATH: "/nowhere",
};

async function serve(...args: string[]): Promise<readonly [code: number, out: string, err: string]> {
  const command = gatehouse(["gate", "serve", "--stack", "dev", "--out", join(folder, "gate"), ...args], {
    env: SURROUNDINGS,
  });
  return [await command.exited, command.stdout(), command.stderr()];
}

it("says that workerd is missing before it writes anything", async () => {
  expect(await serve()).toEqual([2, "", expect.stringMatching(/^workerd is not on PATH: install it/)]);
  expect(existsSync(join(folder, "gate"))).toBe(false);
});

it("says which secret is missing, and where it belongs", async () => {
  expect(await serve("--workerd", workerd)).toEqual([
    2,
    "",
    expect.stringMatching(/^missing: no gate key[^]*VAULT_SECRET_ID is not set.*\/gate\/secrets\.env/m),
  ]);
});
