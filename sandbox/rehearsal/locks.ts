import { takeCheckpoint } from "../github/checkpoint";
import { ambientEffects } from "../../rotation/effects";
import { base64 } from "../../edge/encoding";
import { gateTrail } from "../drill/drill";
import type { Door } from "../drill/door";
import { Bench } from "../drill/locks/bench";
import type { Rig } from "../drill/locks/site";
import { tokenPage } from "../drill/locks/tokens";
import { contextFor } from "../../cli/token/context";
import type { Cleanup } from "../../cli/support/cleanup";
import type { Deployment } from "./deploy";
import { endpointsOf, type Stage } from "./stage";

/** A person who reviews and merges, from the sandbox's seed. */
const PERSON = "reviewer-one";

/** What a rehearsal can do to the GitHub stand-in that no API of GitHub offers. */
export const sandboxControl =
  (api: string) =>
  async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${api}/_sandbox${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`the GitHub stand-in answered ${response.status} to ${method} /_sandbox${path}: ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  };

/** A rig and the end of it. */
export interface OpenRig {
  readonly rig: Rig;
  /** Puts the declared token back and removes what was copied. Calling it again does nothing. */
  close(): Promise<void>;
}

/**
 * Prepares a deployed stage for trying its locks one by one: an over-powerful token lies in the token store, so that nothing but the
 * gate itself stops what goes through it, and everything can be put back. Closed by `cleanup` too, should nobody else get to it.
 */
export async function openRig(stage: Stage, deployment: Deployment, cleanup: Cleanup): Promise<OpenRig> {
  const undo: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  cleanup.add(close);
  const { environment, systems } = stage;
  const github = endpointsOf(stage);
  const straight = { kind: "github", rest: github.api, graphql: github.graphql, git: github.git } as const;
  const control = sandboxControl(systems.github.api);
  const mint = (request: Record<string, unknown>): Promise<{ token: string }> => control("POST", "/tokens", request);
  const tokens = tokenPage(environment, mint);
  const person = await mint({ login: PERSON, kind: "classic", scopes: ["repo", "workflow"], repositories: "all" });
  const owner: Door = { ...straight, credential: systems.github.adminToken };

  const stored = await tokens.of("wide", "write");
  undo.push(await replaceStored(stage, stored));
  const checkpoint = await takeCheckpoint(systems.github.world);
  undo.push(() => checkpoint.drop());
  const benches = new Map<string, Promise<Bench>>();
  undo.push(async () => {
    for (const bench of benches.values()) await (await bench).close();
  });
  const rig: Rig = {
    environment,
    owner,
    tokens,
    stored,
    control,
    github: straight,
    gate: {
      kind: "gate",
      rest: deployment.gateUrl,
      graphql: `${deployment.gateUrl}/graphql`,
      git: deployment.gateUrl,
      credential: deployment.gateKey,
    },
    person: { ...straight, credential: person.token, login: PERSON },
    trail: gateTrail(deployment.gateUrl, deployment.operatorKey),
    keepers: {
      vault: { addr: systems.vault.addr, token: systems.vault.token },
      cloudflare: {
        api: systems.cloudflare.api,
        token: systems.cloudflare.token,
        accountId: systems.cloudflare.accountId,
        ...(stage.env.GATEHOUSE_TOKEN_KEY ? { tokenKey: stage.env.GATEHOUSE_TOKEN_KEY } : {}),
      },
    },
    bench: (repository) => {
      const bench = benches.get(repository) ?? Bench.open(owner, repository);
      benches.set(repository, bench);
      return bench;
    },
    widenInstallation: () => {
      for (const installation of systems.github.world.installations.values()) installation.repositorySelection = "all";
    },
    restore: () => checkpoint.restore(),
  };
  return { rig, close };
}

/** Writes a token past the rotator, as somebody with the store's root would, and tells the gate. Gives what puts the old one back. */
async function replaceStored(stage: Stage, token: string): Promise<() => Promise<void>> {
  const context = contextFor(
    stage.project.stack,
    stage.environment,
    ambientEffects(() => undefined),
    { ...process.env, ...stage.env },
  );
  const { token: cell } = await context.store();
  const before = await cell.read();
  const gate = await context.gate();
  const write = async (record: Record<string, string>): Promise<void> => {
    await cell.write(record, (await cell.read()).version);
    await gate?.refresh();
  };
  const sha256 = base64(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
  await write({ ...before.data, token, sha256, expires_at: new Date(Date.now() + 86_400_000).toISOString() });
  return async () => {
    if (before.data) await write({ ...before.data });
  };
}
