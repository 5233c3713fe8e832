import type { Proof } from "../../drill/prove";
import { LOCKS } from "../../../infra/model";
import { freePort } from "../../tools/ports";
import { gatehouse } from "../../../tests/support/sandbox";

jest.setTimeout(400_000);

const proven = new Set<string>();

/** The command as people run it; what does not hold is the failure's text. */
async function drill(...args: string[]): Promise<readonly Proof[]> {
  const running = gatehouse(["sandbox", "drill", "--json", ...args]);
  const code = await running.exited;
  const line = running
    .stdout()
    .split("\n")
    .find((text) => text.startsWith("{"));
  const proofs = line ? (JSON.parse(line) as { proofs: Proof[] }).proofs : [];
  expect([
    code,
    proofs
      .filter(({ holds }) => !holds)
      .map(({ action, place, lock, why, alone }) => `${action} at ${place} by ${lock}: ${why}; ${alone}`),
    line ? "" : running.stderr(),
  ]).toEqual([0, [], ""]);
  for (const { lock } of proofs) proven.add(lock);
  return proofs;
}
const only = (...words: string[]): string[] => words.flatMap((word) => ["--only", word]);
const config = (...values: string[]): string[] => values.flatMap((value) => ["--config", value]);

it("every lock of the development environment stops its action alone, and nothing else does", async () => {
  const proofs = await drill();
  // Two independent enforcers at least stand before every action that is not excused in the catalogue.
  expect(new Set(proofs.map(({ action, place }) => `${action} ${place}`)).size).toBeGreaterThan(60);
  expect(proofs.every(({ twin }) => twin.endsWith("done") || twin.startsWith("cannot be opened"))).toBe(true);
});

it("so do those that only a GitHub App's installation and Workers KV have", async () => {
  await drill(
    ...config(
      'gatehouse:agent.credential={"kind":"app-installation","appId":424242,"installationId":515151}',
      'gatehouse:tokenStore={"kind":"kv"}',
    ),
    ...only("ruleset-closed", "cloudflare-binding", "gate-answer", "merge-pull-request/write"),
  );
});

it("so do those of an impersonation token: settings of the organization", async () => {
  const port = await freePort();
  await drill(
    ...config(
      'gatehouse:agent.credential={"kind":"ghes-impersonation","expiryDays":30}',
      `gatehouse:githubUrl=http://127.0.0.1:${port}`,
    ),
    ...only("organization-", "role-no-admin/write", "account/token"),
  );
});

it("so does a token that may only read, and what stands in for push rules where a repository is public", async () => {
  await drill(...config("gatehouse:repositories[0].access=read"), ...only("token-read"));
  await drill(...config("gatehouse:repositories[0].visibility=public"), ...only("ruleset-reviewers", "role-none"));
});

it("so do the organization's rulesets where it keeps them", async () => {
  await drill(...config("gatehouse:plan=enterprise"), ...only("ruleset-/write", "owners-review/write"));
});

it("so do the gate's locks before the tools of MCP", async () => {
  const proofs = await drill(
    ...config("gatehouse:gate.mcp=true"),
    ...only("merge-pull-request/write/gate-route", "edit-workflow/write/gate-path"),
  );
  expect(proofs.filter(({ client }) => client === "mcp").map(({ alone }) => alone)).toEqual([
    "rejected protected-path",
    "rejected pull-request-merge",
  ]);
});

it("leaves no lock of the model unproven", () => {
  expect(Object.keys(LOCKS).filter((lock) => !proven.has(lock))).toEqual([]);
});

it("says which names it knows when none is chosen", async () => {
  const running = gatehouse(["sandbox", "drill", ...only("no-such-lock")]);
  expect(await running.exited).toBe(2);
  expect(running.stderr()).toMatch(/is called no-such-lock; without --only all are tried/);
});
