import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agentInstructions, agentSkill, setupScript } from "../../../infra/plans";
import { environment } from "../../support/environment";

const GATE = "https://github-gate.acme.dev";
const PLACEHOLDER = "placeholder_0123";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "gatehouse-setup-"));
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

/** Runs shell commands as the agent's sandbox would: with a home of its own and the placeholder in the variable. */
const shell = (script: string): string =>
  execFileSync("sh", ["-euc", script], {
    env: { PATH: process.env.PATH, HOME: home, GIT_CONFIG_NOSYSTEM: "1", GATEHOUSE_KEY: PLACEHOLDER },
    encoding: "utf8",
  });
const setup = (githubUrl?: string) => setupScript(GATE, "GATEHOUSE_KEY", "claude-bot", githubUrl);

it.each([
  "https://github.com/acme/api",
  "https://github.com/acme/api.git",
  "git@github.com:acme/api.git",
  "ssh://git@github.com/acme/api",
])("makes git ask the gate for %s", (address) => {
  expect(shell(`${setup()}git ls-remote --get-url ${address}`).trim()).toMatch(
    /^https:\/\/github-gate\.acme\.dev\/acme\/api(?:\.git)?$/,
  );
});

it("leaves other hosts alone, those that only begin or end like GitHub too", () => {
  for (const address of [
    "https://gitlab.com/acme/api",
    "https://github.com.evil.dev/acme/api",
    "https://notgithub.com/a/b",
  ])
    expect(shell(`${setup()}git ls-remote --get-url ${address}`).trim()).toBe(address);
});

it("shows the key to the gate alone, as it stands, and follows no redirect with it", () => {
  const header = (address: string) =>
    shell(`${setup()}git config --get-urlmatch http.extraHeader ${address} || true`).trim();
  expect(header(`${GATE}/acme/api`)).toBe(`Authorization: Bearer ${PLACEHOLDER}`);
  for (const other of [
    "https://github.com/acme/api",
    "https://github-gate.acme.dev.evil.dev/",
    "http://github-gate.acme.dev/",
  ])
    expect(header(other)).toBe("");
  expect(shell(`${setup()}git config --get-urlmatch http.followRedirects ${GATE}/acme/api`).trim()).toBe("false");
});

it("may run again: nothing is there twice", () => {
  shell(setup());
  const once = readFileSync(join(home, ".gitconfig"), "utf8");
  shell(setup() + setup());
  expect(readFileSync(join(home, ".gitconfig"), "utf8")).toBe(once);
});

it("points gh at the gate", () => {
  expect(shell(`${setup()}echo $GH_HOST $GH_ENTERPRISE_TOKEN`).trim()).toBe(`github-gate.acme.dev ${PLACEHOLDER}`);
});

it("takes the addresses of a server of one's own", () => {
  expect(
    shell(`${setup("https://github.acme.dev")}git ls-remote --get-url https://github.acme.dev/acme/api`).trim(),
  ).toBe(`${GATE}/acme/api`);
});

it("tells the agent its repositories, its branches, and where the rest stands, after what it is for", () => {
  const text = agentInstructions(environment(), GATE, "GATEHOUSE_KEY", "You mend bugs.");
  expect(text.startsWith("You mend bugs.\n")).toBe(true);
  for (const fact of [
    "pull requests in: acme/api.",
    "read: acme/docs.",
    "claude/",
    `${GATE}/_gate/guide`,
    setup().trim(),
  ])
    expect(text).toContain(fact);
});

it("is a skill with a name and a description as well", () => {
  expect(agentSkill(environment(), GATE, "GATEHOUSE_KEY")).toMatch(
    /^---\nname: github-through-the-gate\ndescription: .+\n---\n\n# GitHub through the gate\n/,
  );
});
