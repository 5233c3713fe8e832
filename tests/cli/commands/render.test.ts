import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyHash } from "../../../infra/cloudflare/keys";
import { gatehouse } from "../../support/sandbox";

const KEY = `ghk_${"k".repeat(43)}`;
const out = mkdtempSync(join(tmpdir(), "render-"));
afterAll(() => {
  rmSync(out, { recursive: true, force: true });
});

const SURROUNDINGS = {
  GATEHOUSE_GATE_KEY: "",
  GITHUB_TOKEN: "",
  GITHUB_BASE_URL: "",
  VAULT_TOKEN: "",
  VAULT_ADDR: "https://vault.acme.dev:8200",
};

async function render(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; err: string }> {
  const command = gatehouse(["render", ...args], { env: { ...SURROUNDINGS, ...env } });
  return { code: await command.exited, err: command.stderr() };
}

it.each([
  [
    ["nginx", "--listen", "0.0.0.0:8787"],
    /--listen 0\.0\.0\.0:8787 is reached from elsewhere.*give --tls-certificate/s,
  ],
  [["nginx", "--gate", "http://gate.acme.dev"], /--gate http:\/\/gate\.acme\.dev: give https:\/\/host without a path/],
  [["nginx", "--outputs", "/dev/null"], /not JSON; give the output of pulumi stack output --json/],
  [["selfhost", "--user", "no such user"], /--user no such user is no name of an account/],
])("says what would be right: %j", async (args, words) => {
  const { code, err } = await render([...args, "--stack", "dev", "--out", join(out, "refused")]);
  expect([code, err]).toEqual([2, expect.stringMatching(words)]);
  expect(readdirSync(out)).not.toContain("refused");
});

it("writes the hash of the key alone, says what is missing, and leaves what Vault Agent wrote", async () => {
  const folder = join(out, "nginx");
  const args = ["nginx", "--stack", "dev", "--out", folder];
  const bare = await render(args);
  expect(bare.code).toBe(0);
  expect(bare.err).toMatch(/missing: no gate key: every request is refused/);
  expect(bare.err).toMatch(/missing: no numbers of the repositories/);
  expect(bare.err).toMatch(/missing: no role id of the gate/);
  writeFileSync(join(folder, "token.conf"), "# by Vault Agent\n");
  const keyed = await render(args, { GATEHOUSE_GATE_KEY: KEY });
  expect(keyed.err).not.toMatch(/no gate key/);
  expect(readFileSync(join(folder, "token.conf"), "utf8")).toBe("# by Vault Agent\n");
  const files = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
  for (const name of files) expect(readFileSync(join(folder, name), "utf8")).not.toContain(KEY);
  expect(readFileSync(join(folder, "gate.js"), "utf8")).toContain(keyHash(KEY));
});

it("writes the guide for the agent as a skill", async () => {
  const folder = join(out, "skill");
  const { code, err } = await render(["guide", "--stack", "dev", "--out", folder, "--url", "https://gate.acme.dev/"]);
  expect([code, err]).toEqual([0, ""]);
  expect(readdirSync(folder)).toEqual(["SKILL.md"]);
  const text = readFileSync(join(folder, "SKILL.md"), "utf8");
  expect(text).toMatch(/^---\nname: gatehouse\n/);
  expect(text).toContain("git clone https://gate.acme.dev/");
});

it("says what the guide lacks", async () => {
  const { code, err } = await render(["guide", "--stack", "dev", "--out", join(out, "none"), "--url", "gate.acme.dev"]);
  expect([code, err]).toEqual([2, expect.stringMatching(/--url gate\.acme\.dev: give https:\/\/host/)]);
});
