import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGitHub, type GitHubStandIn } from "../../../sandbox/github";
import { ALL_SCOPES } from "../../../sandbox/github/permissions";
import { corpusEnvironment, Gates, makeSecrets, type GateSources, type Secrets, type World } from "./gates";
import { Hostile, startVaults } from "./hostile";
import { GitKit } from "./kit";
import type { GateName } from "./types";

/** One request that reached GitHub's place. */
export interface Reached {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Known of the hostile server only; the stand-in keeps no bodies. */
  readonly body?: Buffer;
  /** True at the hostile server, where a request without the token may be a followed download. */
  readonly hostile: boolean;
}

/**
 * The systems a corpus runs against: the GitHub stand-in, a hostile server in its place, and broken Vaults. Gates come
 * and go on top of them.
 */
export class Rig {
  private constructor(
    readonly github: GitHubStandIn,
    readonly hostile: Hostile,
    private readonly vaults: { readonly url: string; stop(): Promise<void> },
    readonly secrets: Secrets,
    readonly kit: GitKit,
    private readonly folder: string,
    private readonly known: Readonly<Record<string, string>>,
  ) {}

  static async start(): Promise<Rig> {
    const folder = mkdtempSync(join(tmpdir(), "attacks-"));
    const github = await startGitHub({ environment: corpusEnvironment(), dataDir: folder });
    const [hostile, vaults] = await Promise.all([Hostile.start(), startVaults()]);
    const { world } = github;
    const user = world.userByLogin("claude-bot");
    if (user === undefined) throw new Error("the stand-in has no machine user");
    // The machine user owns both organizations and its token has every scope: nothing but the gate stands in the way.
    for (const login of ["acme", "other-org"])
      world.orgByLogin(login)?.memberships.set(user.id, {
        userId: user.id,
        role: "admin",
        state: "active",
        invitedBy: null,
        createdAt: world.clock.iso(),
        updatedAt: world.clock.iso(),
      });
    const { token } = world.tokens.mint({
      kind: "classic",
      userId: user.id,
      login: user.login,
      name: "agent",
      scopes: ALL_SCOPES,
    });
    const secrets = makeSecrets(token);
    const call = async (method: string, path: string, body: unknown): Promise<Record<string, unknown>> => {
      const answer = await fetch(`${github.api}${path}`, {
        method,
        headers: { authorization: `Bearer ${github.adminToken}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as Record<string, unknown>;
    };
    const api = world.repoByName("acme", "api");
    if (api === undefined) throw new Error("the stand-in has no acme/api");
    const kit = new GitKit(api.gitDir);
    await call("POST", "/repos/acme/api/git/refs", { ref: "refs/heads/claude/start", sha: kit.main });
    await call("PUT", "/repos/acme/api/contents/src/start.js", {
      message: "start",
      content: Buffer.from("start\n").toString("base64"),
      branch: "claude/start",
    });
    const pull = await call("POST", "/repos/acme/api/pulls", { title: "Start", head: "claude/start", base: "main" });
    const secretIssue = await call("POST", "/repos/acme/secrets/issues", {
      title: "CANARY-UNLISTED-ISSUE",
      body: "CANARY-UNLISTED-ISSUE",
    });
    const docsIssue = await call("POST", "/repos/acme/docs/issues", { title: "A question", body: "Where?" });
    const apiIssue = await call("POST", "/repos/acme/api/issues", { title: "A wish", body: "Please." });
    const repository = (name: string, owner = "acme"): { id: string; node: string } => {
      const found = world.repoByName(owner, name);
      return { id: String(found?.id ?? 0), node: found?.nodeId ?? "" };
    };
    const head = (pull["head"] as { sha: string }).sha;
    const known: Record<string, string> = {
      ...secrets,
      tokenSha256: createHash("sha256").update(token).digest("base64"),
      // Forms of the token that nobody finds in base64, and everybody reads once it is decoded.
      tokenHexPacked: Buffer.from(`a ${Buffer.from(token).toString("hex")} b`).toString("base64"),
      tokenReversedPacked: Buffer.from(`a ${[...token].reverse().join("")} b`).toString("base64"),
      adminToken: github.adminToken,
      main: kit.main,
      first: kit.first,
      root: kit.root,
      head,
      pull: String(pull["number"]),
      issue: String(apiIssue["number"]),
      apiId: repository("api").id,
      docsId: repository("docs").id,
      secretsId: repository("secrets").id,
      vaultId: repository("vault", "other-org").id,
      apiNode: repository("api").node,
      docsNode: repository("docs").node,
      secretsNode: repository("secrets").node,
      vaultNode: repository("vault", "other-org").node,
      pullNode: String(pull["node_id"]),
      issueNode: String(apiIssue["node_id"]),
      docsIssueNode: String(docsIssue["node_id"]),
      secretsIssueNode: String(secretIssue["node_id"]),
      hostile: hostile.url,
      hostileHost: hostile.url.slice("http://".length),
      githubUrl: github.url,
    };
    Object.assign(known, fakeCredentials(), keyForms(secrets.key));
    return new Rig(github, hostile, vaults, secrets, kit, folder, known);
  }

  gates(variants: ReadonlyMap<string, GateSources>, names: readonly GateName[]): Promise<Gates> {
    return Gates.start(variants, names, this.secrets, this.world());
  }

  /** Where everything is that a gate needs to know. */
  world(): World {
    const { world } = this.github;
    const repositories = ["api", "docs"].map((name) => {
      const found = world.repoByName("acme", name);
      return { name, id: found?.id ?? 0, nodeId: found?.nodeId ?? "" };
    });
    return {
      github: this.github.url,
      hostile: this.hostile.url,
      vaults: this.vaults.url,
      downloadHost: new URL(this.github.blobs).host,
      repositories,
    };
  }

  /** Values of the placeholders in cases; `host` and `gate` are those of one gate. */
  values(port: number): Record<string, string> {
    return { ...this.known, host: `127.0.0.1:${port}`, gate: `http://127.0.0.1:${port}` };
  }

  async forget(): Promise<void> {
    this.hostile.reset();
    await fetch(`${this.github.api}/_sandbox/requests`, { method: "DELETE" });
  }

  /** What reached either place since the last `forget`. */
  async reached(): Promise<Reached[]> {
    const log = (await (await fetch(`${this.github.api}/_sandbox/requests`)).json()) as readonly Omit<
      Reached,
      "hostile"
    >[];
    return [...log.map((r) => ({ ...r, hostile: false })), ...this.hostile.seen.map((r) => ({ ...r, hostile: true }))];
  }

  /** From now on nothing that reaches the stand-in changes it: for runs in which guards are missing. */
  async shield(): Promise<void> {
    const methods = ["POST", "PUT", "PATCH", "DELETE"];
    const faults = methods.map((method) => ({ method, pathPrefix: "/api/v3/", status: 418, times: 1_000_000 }));
    const pushes = ["/acme/", "/other-org/"].map((owner) => ({
      method: "POST",
      pathPrefix: owner,
      status: 418,
      times: 1_000_000,
    }));
    await fetch(`${this.github.api}/_sandbox/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify([...faults, ...pushes]),
    });
  }

  async stop(): Promise<void> {
    await Promise.all([this.github.stop(), this.hostile.stop(), this.vaults.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A key in forms that are none, and as git clients of several names would send it. */
function keyForms(key: string): Record<string, string> {
  const basic = (text: string): string => Buffer.from(text).toString("base64");
  return {
    keyHash: createHash("sha256").update(key).digest("base64url"),
    keyHashHex: createHash("sha256").update(key).digest("hex"),
    keyAsUser: basic(`${key}:`),
    keyUpper: key.toUpperCase(),
    basicTwice: basic(basic(`x:${key}`)),
    basic0: basic(`x-access-token:${key}`),
    basic1: basic(`claude-bot:${key}`),
    basic2: basic(`:${key}`),
    basic3: basic(`anybody:${key}`),
  };
}

/** Made-up credentials of every public format, different in each run. */
function fakeCredentials(): Record<string, string> {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const text = (length: number, of = alphabet): string =>
    [...randomBytes(length)].map((b) => of[b % of.length]).join("");
  const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const dashes = "-".repeat(5);
  const pem = (kind: string): string => `${dashes}BEGIN ${kind}${dashes}\\n${text(64)}\\n${dashes}END ${kind}${dashes}`;
  const thrice = (secret: string): string => [1, 2, 3].reduce((inner) => Buffer.from(inner).toString("base64"), secret);
  return {
    // As deep as the gate looks; in a file, GitHub's own base64 comes on top of it.
    fakeThrice: thrice(`ghp_${text(36)}`),
    fakeGhp: `ghp_${text(36)}`,
    fakeGho: `gho_${text(36)}`,
    fakeGhu: `ghu_${text(36)}`,
    fakeGhr: `ghr_${text(76)}`,
    fakeGhs: `ghs_${text(36)}`,
    fakeGhsJwt: `ghs_123456_${text(120)}.${text(200)}.${text(180)}`,
    fakePat: `github_pat_${text(22)}_${text(59)}`,
    fakeGhk: `ghk_${text(43)}`,
    fakeGop: `gop_${text(43)}`,
    fakeRsa: pem("RSA PRIVATE KEY"),
    fakeOpenssh: pem("OPENSSH PRIVATE KEY"),
    fakePkcs8: pem("PRIVATE KEY"),
    fakePgp: pem("PGP PRIVATE KEY BLOCK"),
    fakeAkia: `AKIA${text(16, upper)}`,
    fakeAsia: `ASIA${text(16, upper)}`,
    fakeAiza: `AIza${text(35)}`,
    fakeXoxb: `xoxb-${text(11, "0123456789")}-${text(24)}`,
    fakeAnthropic: `sk-ant-api03-${text(90)}`,
    fakeVault: `hvs.${text(90)}`,
    fakeVaultBatch: `hvb.${text(130)}`,
    fakeNpm: `npm_${text(36)}`,
    fakeStripe: `sk_live_${text(24)}`,
  };
}
