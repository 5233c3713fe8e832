import { type Door, type Outcome, viaFetch, viaOctokit } from "../../door";
import { need, type Site } from "../site";

export type Client = "fetch" | "octokit" | "git" | "raw socket";

/** One way to try an action: by a client that Gatehouse did not write, and told from what really came of it. */
export interface Attempt {
  /** What is tried, as the table says it. */
  readonly tried: string;
  readonly client: Client;
  /** Which of two systems carries a lock that both declare. Default: rulesets. */
  readonly by?: "rulesets" | "protection";
  /** What the answer must say when another sentence than the lock's usual one is right. */
  readonly says?: RegExp;
  /** `ok` says that the dangerous thing happened. Made twice: with the last lock standing, and with it open. */
  run(site: Site, door: Door): Promise<Outcome>;
}

export const viaRest = (
  tried: string,
  method: string,
  path: (site: Site) => string,
  body?: (site: Site) => unknown,
): Attempt => ({ tried, client: "fetch", run: (site, door) => viaFetch(door, method, path(site), body?.(site)) });

/** Who asks for the code owners, where two systems do. */
export const ASKED = { rulesets: "asked by a ruleset", protection: "asked by the branch protection" } as const;

/** A file of the drill. */
export const NOTE = "drill/note.md";
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** A branch of people, one commit ahead of the default branch. Made by an owner of the organization. */
export async function peoplesBranch(site: Site): Promise<string> {
  const name = site.fresh("people/drill-");
  await site.admin.ask("POST", `${site.path}/git/refs`, { ref: `refs/heads/${name}`, sha: (await site.bench).base });
  await site.admin.ask("PUT", `${site.path}/contents/drill/${site.fresh("work-")}.md`, {
    message: "work",
    content: base64("work\n"),
    branch: name,
  });
  return name;
}

/** A pull request, into the default branch unless said otherwise, opened by somebody. */
async function open(site: Site, door: Door, head: string, draft = false, base = site.defaultBranch): Promise<number> {
  const response = await fetch(`${door.rest}${site.path}/pulls`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${door.credential}`,
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
  site: Site,
  { draft = false, by = site.rig.person }: { draft?: boolean; by?: Door } = {},
): Promise<number> => open(site, by, await peoplesBranch(site), draft);

/**
 * A pull request of the agent, straight at GitHub: from a branch of its own where it may write, from a branch of people otherwise.
 * @param path which file it changes
 */
export async function agentsPull(
  site: Site,
  path = `drill/${site.fresh("proposal-")}.md`,
): Promise<{ number: number; sha: string; branch: string }> {
  const bench = await site.bench;
  const sha = await bench.commit(path, `${site.fresh("drill ")}\n`);
  const branch = site.fresh("claude/drill-");
  // With read access somebody else has to place the branch; whoever opens the pull request is its author.
  const pushed = await bench.push(
    site.pair.place === "read" ? site.rig.owner : site.straight,
    sha,
    `refs/heads/${branch}`,
  );
  if (!pushed.ok) throw new Error(`the drill could not place ${branch}: ${pushed.rule}`);
  // A token that may only read opens none; that it had one before is given, as is the branch.
  const author =
    site.pair.place === "read"
      ? { ...site.straight, credential: await site.rig.tokens.of("wide", site.pair.place) }
      : site.straight;
  return { number: await open(site, author, branch), sha, branch };
}

/** A pull request that lies on another one, with one more commit. Made by an owner. */
export async function pullOnto(site: Site, lower: { readonly branch: string; readonly sha: string }): Promise<number> {
  const name = site.fresh("claude/drill-");
  await site.admin.ask("POST", `${site.path}/git/refs`, { ref: `refs/heads/${name}`, sha: lower.sha });
  await site.admin.ask("PUT", `${site.path}/contents/drill/${site.fresh("higher-")}.md`, {
    message: "higher",
    content: base64("higher\n"),
    branch: name,
  });
  return open(site, site.rig.owner, name, false, lower.branch);
}

/** Merges in the background and waits for what came of it: that GitHub accepts it says nothing, it asks the rules later. */
export async function mergeLater(site: Site, door: Door, number: number): Promise<Outcome> {
  const path = `${site.path}/pulls/${number}/merge-async`;
  const accepted = await viaOctokit(door, (o) => o.request(`PUT ${path}`, {}));
  if (accepted.status !== 202) return accepted;
  const { uuid } = (accepted.data as { details: { uuid: string } }).details;
  for (let left = 40; left > 0; left--) {
    const { status, details } = await site.admin.ask<{ status: string; details: { message: string } }>(
      "GET",
      `${path}/${uuid}`,
    );
    if (status === "merged" || status === "enqueued") return { status: 200, ok: true };
    if (status === "failed") return { status: 405, ok: false, rule: details.message };
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`the merge of #${number} is still pending`);
}

export const merge = (site: Site, door: Door, number: number): Promise<Outcome> =>
  viaFetch(door, "PUT", `${site.path}/pulls/${number}/merge`, {});

export const approve = (site: Site, door: Door, number: number): Promise<Outcome> =>
  viaFetch(door, "POST", `${site.path}/pulls/${number}/reviews`, { event: "APPROVE" });

/** Approves, and says so when that is refused: what follows would prove nothing. */
export async function approved(site: Site, door: Door, number: number): Promise<void> {
  const answer = await approve(site, door, number);
  if (!answer.ok) throw new Error(`the drill's approval was refused: ${answer.status} ${answer.rule}`);
}

/** Writes a file to the default branch as an owner. */
export const place = (site: Site, path: string, content: string): Promise<{ commit: { sha: string } }> =>
  site.admin.ask("PUT", `${site.path}/contents/${path}`, {
    message: `drill: ${path}`,
    content: base64(content),
    branch: site.defaultBranch,
  });
