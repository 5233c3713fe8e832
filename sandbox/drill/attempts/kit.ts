import { type Environment } from "../../../infra/model";
import { speaksMcp } from "../../../infra/plans/gatePolicy";
import { type Connection, type Outcome, viaFetch, viaMcp, viaOctokit } from "../connection";
import { need, type Fixture } from "../fixture";

type Client = "fetch" | "octokit" | "git" | "mcp" | "raw socket";

/** One way to try an action: by a client that Gatehouse did not write, and told from what really came of it. */
export interface Attempt {
  /** What is tried, as the table says it. */
  readonly tried: string;
  readonly client: Client;
  /** Which of two systems carries a lock that both declare. Default: rulesets. */
  readonly by?: "rulesets" | "protection";
  /** What the answer must say when another sentence than the lock's usual one is right. */
  readonly says?: RegExp;
  /**
   * Why it fails with every lock open too: something that is not the model's stops everybody. Then there is no
   * counterproof.
   */
  readonly noCounterproof?: string;
  /** `ok` says that the dangerous thing happened. Made twice: with the last lock standing, and with it open. */
  run(fixture: Fixture, connection: Connection): Promise<Outcome>;
}

export const viaRest = (
  tried: string,
  method: string,
  path: (fixture: Fixture) => string,
  body?: (fixture: Fixture) => unknown,
): Attempt => ({
  tried,
  client: "fetch",
  run: (fixture, connection) => viaFetch(connection, method, path(fixture), body?.(fixture)),
});

/** The same by a tool of the gate's MCP server. Straight at GitHub there is none, and the attempt is made as it is. */
export const byTool = (
  tried: string,
  tool: string,
  args: (fixture: Fixture) => object | Promise<object>,
  without: Attempt,
): Attempt => ({
  ...without,
  tried: `${tried} by the tool ${tool}`,
  client: "mcp",
  run: async (fixture, connection) =>
    connection.kind === "gate"
      ? viaMcp(connection, tool, { ...split(fixture), ...(await args(fixture)) })
      : without.run(fixture, connection),
});

/** Whether an attempt can be made in an environment: tools only where the gate has them. */
export const canBeTried = (environment: Environment, { client }: Attempt): boolean =>
  client !== "mcp" || speaksMcp(environment);

/** The repository as octokit's methods take it. */
export const split = (fixture: Fixture): { owner: string; repo: string } => ({
  owner: fixture.organization,
  repo: fixture.repository,
});

/** Who asks for the code owners, where two systems do. */
export const ASKED = { rulesets: "asked by a ruleset", protection: "asked by the branch protection" } as const;

/** A file of the drill. */
export const NOTE = "drill/note.md";
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** A branch of people, one commit ahead of the default branch. Made by an owner of the organization. */
async function peoplesBranch(fixture: Fixture): Promise<string> {
  const name = fixture.fresh("people/drill-");
  await fixture.admin.ask("POST", `${fixture.path}/git/refs`, {
    ref: `refs/heads/${name}`,
    sha: (await fixture.workingCopy).base,
  });
  await fixture.admin.ask("PUT", `${fixture.path}/contents/drill/${fixture.fresh("work-")}.md`, {
    message: "work",
    content: base64("work\n"),
    branch: name,
  });
  return name;
}

/** A pull request, into the default branch unless said otherwise, opened by somebody. */
async function open(
  fixture: Fixture,
  connection: Connection,
  head: string,
  draft = false,
  base = fixture.defaultBranch,
): Promise<number> {
  const response = await fetch(`${connection.rest}${fixture.path}/pulls`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${connection.credential}`,
      "content-type": "application/json",
      "user-agent": "gatehouse-drill",
    },
    body: JSON.stringify({
      title: `Drill ${head}`,
      head,
      base,
      draft,
      body: "Opened by the drill.",
    }),
  });
  const made = (await response.json()) as { number?: number; message?: string };
  return need(made.number, `pull request from ${head}: ${response.status} ${made.message ?? ""}`);
}

/** A pull request of a person: of somebody in the owning teams, or of an owner of the organization, who is in none. */
export const peoplesPull = async (
  fixture: Fixture,
  { draft = false, by = fixture.harness.person }: { draft?: boolean; by?: Connection } = {},
): Promise<number> => open(fixture, by, await peoplesBranch(fixture), draft);

/**
 * A pull request of the agent, straight at GitHub: from a branch of its own where it may write, from a branch of people
 * otherwise.
 * @param path which file it changes
 */
export async function agentsPull(
  fixture: Fixture,
  path = `drill/${fixture.fresh("proposal-")}.md`,
): Promise<{ number: number; sha: string; branch: string }> {
  const workingCopy = await fixture.workingCopy;
  const sha = await workingCopy.commit(path, `${fixture.fresh("drill ")}\n`);
  const branch = fixture.fresh("claude/drill-");
  // With read access somebody else has to place the branch; whoever opens the pull request is its author.
  const pushed = await workingCopy.push(
    fixture.trial.place === "read" ? fixture.harness.owner : fixture.direct,
    sha,
    `refs/heads/${branch}`,
  );
  if (!pushed.ok) throw new Error(`the drill could not place ${branch}: ${pushed.rule}`);
  // A token that may only read opens none; that it had one before is given, as is the branch.
  const author =
    fixture.trial.place === "read"
      ? { ...fixture.direct, credential: await fixture.harness.tokens.of("wide", fixture.trial.place) }
      : fixture.direct;
  return { number: await open(fixture, author, branch), sha, branch };
}

/** A pull request that lies on another one, with one more commit. Made by an owner. */
export async function pullOnto(
  fixture: Fixture,
  lower: { readonly branch: string; readonly sha: string },
): Promise<number> {
  const name = fixture.fresh("claude/drill-");
  await fixture.admin.ask("POST", `${fixture.path}/git/refs`, { ref: `refs/heads/${name}`, sha: lower.sha });
  await fixture.admin.ask("PUT", `${fixture.path}/contents/drill/${fixture.fresh("higher-")}.md`, {
    message: "higher",
    content: base64("higher\n"),
    branch: name,
  });
  return open(fixture, fixture.harness.owner, name, false, lower.branch);
}

/**
 * Merges in the background and waits for what came of it: that GitHub accepts it says nothing, it asks the rules later.
 */
export async function mergeLater(fixture: Fixture, connection: Connection, number: number): Promise<Outcome> {
  const path = `${fixture.path}/pulls/${number}/merge-async`;
  const accepted = await viaOctokit(connection, (o) => o.request(`PUT ${path}`, {}));
  if (accepted.status !== 202) return accepted;
  const { uuid } = (accepted.data as { details: { uuid: string } }).details;
  for (let left = 40; left > 0; left--) {
    const { status, details } = await fixture.admin.ask<{ status: string; details: { message: string } }>(
      "GET",
      `${path}/${uuid}`,
    );
    if (status === "merged" || status === "enqueued") return { status: 200, ok: true };
    if (status === "failed") return { status: 405, ok: false, rule: details.message };
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`the merge of #${number} is still pending`);
}

export const merge = (fixture: Fixture, connection: Connection, number: number): Promise<Outcome> =>
  viaFetch(connection, "PUT", `${fixture.path}/pulls/${number}/merge`, {});

export const approve = (fixture: Fixture, connection: Connection, number: number): Promise<Outcome> =>
  viaFetch(connection, "POST", `${fixture.path}/pulls/${number}/reviews`, { event: "APPROVE" });

/** Approves, and says so when that is refused: what follows would prove nothing. */
export async function approved(fixture: Fixture, connection: Connection, number: number): Promise<void> {
  const answer = await approve(fixture, connection, number);
  if (!answer.ok) throw new Error(`the drill's approval was refused: ${answer.status} ${answer.rule}`);
}

/** Writes a file to the default branch as an owner. */
export const place = (fixture: Fixture, path: string, content: string): Promise<{ commit: { sha: string } }> =>
  fixture.admin.ask("PUT", `${fixture.path}/contents/${path}`, {
    message: `drill: ${path}`,
    content: base64(content),
    branch: fixture.defaultBranch,
  });
