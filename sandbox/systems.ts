import { join } from "node:path";
import type { Environment } from "../infra/model";
import { type Anthropic, startAnthropic } from "./anthropic";
import { startCloudflare } from "./cloudflare";
import { startGitHub } from "./github";
import { installOpenBao } from "./tools/openbao";
import { startVault } from "./vault";

export type GitHub = Awaited<ReturnType<typeof startGitHub>>;
type Cloudflare = Awaited<ReturnType<typeof startCloudflare>>;
type Vault = Awaited<ReturnType<typeof startVault>>;

/**
 * The systems that a stack is deployed to, all on this machine, and the environment by which any Pulumi program finds
 * them.
 */
export interface Systems {
  readonly github: GitHub;
  readonly cloudflare: Cloudflare;
  readonly vault: Vault;
  readonly claude: Anthropic;
  readonly env: Record<string, string>;
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly environment: Environment;
  /** Data of this run; removed by whoever made it. */
  readonly runDir: string;
  /** Where installed tools are kept between runs. */
  readonly toolsDir: string;
  readonly onProgress?: (what: string) => void;
  /** Ends an installation that is under way; systems that have begun to start are stopped by their own `stop`. */
  readonly signal?: AbortSignal;
}

/**
 * Starts OpenBao and the stand-ins of GitHub, Cloudflare and Anthropic side by side; if one fails, those already up are
 * stopped.
 */
export async function startSystems({
  environment,
  runDir,
  toolsDir,
  onProgress = () => undefined,
  signal,
}: StartOptions): Promise<Systems> {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.allSettled(started.splice(0).map((system) => system.stop()));
  };
  const up = async <T extends { stop(): Promise<void> }>(name: string, starting: Promise<T>): Promise<T> => {
    const system = await starting;
    started.push(system);
    onProgress(name);
    return system;
  };
  const vaultUp = async (): Promise<Vault> => {
    await installOpenBao({ toolsDir, onProgress, ...(signal ? { signal } : {}) });
    return up("OpenBao", startVault({ dataDir: join(runDir, "vault"), toolsDir }));
  };
  const results = await Promise.allSettled([
    up(
      "GitHub stand-in",
      startGitHub({
        environment,
        dataDir: join(runDir, "github"),
        storage: "same-host",
        ...portOf(environment.githubUrl),
      }),
    ),
    up("Cloudflare stand-in", startCloudflare({ environment, dataDir: join(runDir, "cloudflare") })),
    vaultUp(),
    up("Anthropic stand-in", startAnthropic()),
  ] as const);
  const failed = results.find((result) => result.status === "rejected");
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const [github, cloudflare, vault, claude] = results.map(
    (result) => (result as PromiseFulfilledResult<unknown>).value,
  ) as [GitHub, Cloudflare, Vault, Anthropic];
  return {
    github,
    cloudflare,
    vault,
    claude,
    stop,
    env: {
      GITHUB_BASE_URL: `${github.url}/`,
      GITHUB_OWNER: environment.organization,
      GITHUB_TOKEN: github.adminToken,
      GITHUB_WRITE_DELAY_MS: "0",
      CLOUDFLARE_BASE_URL: cloudflare.api,
      CLOUDFLARE_API_TOKEN: cloudflare.token,
      CLOUDFLARE_ACCOUNT_ID: cloudflare.accountId,
      VAULT_ADDR: vault.addr,
      VAULT_TOKEN: vault.token,
      ANTHROPIC_BASE_URL: claude.api,
      ANTHROPIC_API_KEY: claude.key,
    },
  };
}

/** An environment that names a server of this machine gets the stand-in there. */
function portOf(githubUrl: string | undefined): { port?: number } {
  const url = githubUrl ? new URL(githubUrl) : undefined;
  return url && /^(?:localhost|127\.|\[::1\])/.test(url.hostname) && url.port ? { port: Number(url.port) } : {};
}
