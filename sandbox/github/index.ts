import { ActivityLog } from "./activity";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { BlobHost } from "./blobs";
import { writeHooks } from "./git/hook";
import { GitServer } from "./git/http";
import { stopGit } from "./git/run";
import { executeGraphql } from "./graphql";
import { Control } from "./http/control";
import { FaultList } from "./http/faults";
import { RateLimiter } from "./http/limits";
import { RequestLog } from "./http/log";
import { Router } from "./http/router";
import { FrontDoor, listen, STORAGE_PATH, type Parts } from "./http/server";
import { newRsaKey, OidcIssuer } from "./oidc";
import { ALL_SCOPES } from "./permissions";
import { installRoutes } from "./routes";
import { exchangeLogin } from "./routes/oauth";
import { type Seed, seed } from "./seed";
import { WebhookSender } from "./webhooks";
import { World } from "./world";

export interface GitHubOptions {
  readonly environment: Seed;
  /** Bare repositories and hooks live here; whoever made the folder removes it. */
  readonly dataDir: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Default: a random one. */
  readonly adminToken?: string;
  /**
   * Where archives, logs and assets lie: on a host of their own as on github.com (the default), or below the server's
   * own address as on an Enterprise Server.
   */
  readonly storage?: "own-host" | "same-host";
}

export interface GitHubStandIn {
  /** Origin, such as `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly api: string;
  readonly graphql: string;
  readonly git: string;
  /** Stands for codeload and the blob hosts. */
  readonly blobs: string;
  /** Classic token with all scopes of the organization's owner. */
  readonly adminToken: string;
  readonly oidc: { issuer: string; mint(claims: Record<string, unknown>): string };
  /** The seeded App, with the key that GitHub would have handed out. */
  readonly app: { id: number; clientId: string; clientSecret: string; installationId: number; pem: string };
  /** For tests that look behind the API. */
  readonly world: World;
  readonly routes: Router;
  /** Ends everything that was started; may be called more than once. */
  stop(): Promise<void>;
}

/**
 * Starts a local stand-in of GitHub, served as an Enterprise Server serves: REST at `/api/v3`, GraphQL at
 * `/api/graphql`, git at `/{owner}/{repo}.git`, the Actions token issuer at `/_services/token`, and the rehearsal's own
 * controls at `/api/v3/_sandbox`.
 * @throws Error when the port is taken or git is missing
 */
export async function startGitHub(options: GitHubOptions): Promise<GitHubStandIn> {
  const gitRoot = join(options.dataDir, "repositories");
  await mkdir(gitRoot, { recursive: true });
  const hooksDir = await writeHooks(options.dataDir);

  const parts = {} as Parts;
  const door = new FrontDoor(() => parts);
  const port = await listen(door.server, options.port ?? 0);
  const origin = `http://127.0.0.1:${port}`;
  let blobs: BlobHost | undefined;
  const close = (server: { close(done: () => void): unknown; closeAllConnections(): void }): Promise<void> =>
    new Promise((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopping ??= (async () => {
      stopGit((args) => args.some((arg) => arg.startsWith(gitRoot)));
      await Promise.all([parts.world?.webhooks?.stop(), close(door.server), blobs && close(blobs.server)]);
    })());

  try {
    const world = new World(origin, "", gitRoot);
    blobs = new BlobHost(world.clock);
    blobs.origin = world.blobOrigin =
      options.storage === "same-host"
        ? `${origin}${STORAGE_PATH}`
        : `http://127.0.0.1:${await listen(blobs.server, 0)}`;
    world.webhooks = new WebhookSender(world);
    world.activity = new ActivityLog(world);
    world.hooksDir = hooksDir;
    world.blobs = blobs;
    const [oidcKey, seeded] = await Promise.all([newRsaKey(), seed(world, options.environment, hooksDir)]);
    const oidc = new OidcIssuer(oidcKey, origin);
    const router = new Router();
    const log = new RequestLog();
    const faults = new FaultList();
    const limiter = new RateLimiter(world);
    installRoutes(router, limiter);
    Object.assign(parts, {
      world,
      router,
      log,
      faults,
      limiter,
      oidc,
      blobs,
      graphql: executeGraphql,
      login: exchangeLogin,
      control: new Control(world, log, faults, limiter, oidc, options.environment.organization),
      git: new GitServer(world, () => `${origin}/_internal/pre-receive`),
    } satisfies Parts);
    const { token: adminToken } = world.tokens.mint(
      {
        kind: "classic",
        userId: seeded.admin.id,
        login: seeded.admin.login,
        name: "administrator",
        scopes: ALL_SCOPES,
      },
      options.adminToken,
    );
    const { app, installationId } = seeded;
    return {
      url: origin,
      api: `${origin}/api/v3`,
      graphql: `${origin}/api/graphql`,
      git: origin,
      blobs: blobs.origin,
      adminToken,
      oidc: { issuer: oidc.issuer, mint: (claims) => oidc.mint(claims) },
      app: { id: app.id, clientId: app.clientId, clientSecret: app.clientSecret, installationId, pem: app.pem },
      world,
      routes: router,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
