import { takeCheckpoint } from "../github/checkpoint";
import { ambientEffects } from "../../rotation/effects";
import { base64 } from "../../edge/encoding";
import { gateTrail } from "../drill/auditTrail";
import type { Connection } from "../drill/connection";
import { WorkingCopy } from "../drill/workingCopy";
import type { Harness } from "../drill/fixture";
import { type AgentToken, tokenPage } from "../drill/tokens";
import { contextFor } from "../../cli/token/context";
import type { Cleanup } from "../../cli/support/cleanup";
import type { Deployment } from "./deploy";
import { endpointsOf, type Sandbox } from "./sandbox";

/** A person who reviews and merges, from the sandbox's seed. */
const PERSON = "reviewer-one";

/** What a rehearsal can do to the GitHub stand-in that no API of GitHub offers. */
const sandboxControl =
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

/** A harness and the end of it. */
export interface OpenHarness {
  readonly harness: Harness;
  /** Puts the declared token back and removes what was copied. Calling it again does nothing. */
  close(): Promise<void>;
}

/**
 * Prepares a deployed sandbox for trying its locks one by one: an over-powerful token lies in the token store, so that
 * nothing but the gate itself stops what goes through it, and everything can be put back. Closed by `cleanup` too,
 * should nobody else get to it.
 */
export async function openHarness(
  sandbox: Sandbox,
  deployment: Deployment,
  cleanup: Cleanup,
  storedToken: AgentToken = "wide",
): Promise<OpenHarness> {
  const undo: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  cleanup.add(close);
  const { environment, systems } = sandbox;
  const github = endpointsOf(sandbox);
  const straight = { kind: "github", rest: github.api, graphql: github.graphql, git: github.git } as const;
  const control = sandboxControl(systems.github.api);
  const mint = (request: Record<string, unknown>): Promise<{ token: string }> => control("POST", "/tokens", request);
  const tokens = tokenPage(environment, mint);
  const person = await mint({ login: PERSON, kind: "classic", scopes: ["repo", "workflow"], repositories: "all" });
  const owner: Connection = { ...straight, credential: systems.github.adminToken };

  const stored = await tokens.of(storedToken, "write");
  undo.push(await replaceStored(sandbox, stored));
  const checkpoint = await takeCheckpoint(systems.github.world);
  undo.push(() => checkpoint.drop());
  const workingCopies = new Map<string, Promise<WorkingCopy>>();
  undo.push(async () => {
    for (const workingCopy of workingCopies.values()) await (await workingCopy).close();
  });
  const harness: Harness = {
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
    systems: {
      vault: { addr: systems.vault.addr, token: systems.vault.token },
      cloudflare: {
        api: systems.cloudflare.api,
        token: systems.cloudflare.token,
        accountId: systems.cloudflare.accountId,
        ...(sandbox.env.GATEHOUSE_TOKEN_KEY ? { tokenKey: sandbox.env.GATEHOUSE_TOKEN_KEY } : {}),
      },
    },
    workingCopy: (repository) => {
      const workingCopy = workingCopies.get(repository) ?? WorkingCopy.open(owner, repository);
      workingCopies.set(repository, workingCopy);
      return workingCopy;
    },
    widenInstallation: () => {
      for (const installation of systems.github.world.installations.values()) installation.repositorySelection = "all";
    },
    restore: () => checkpoint.restore(),
  };
  return { harness, close };
}

/**
 * Writes a token past the rotator, as somebody with the store's root would, and tells the gate. Gives what puts the old
 * one back.
 */
async function replaceStored(sandbox: Sandbox, token: string): Promise<() => Promise<void>> {
  const context = contextFor(
    sandbox.project.stack,
    sandbox.environment,
    ambientEffects(() => undefined),
    { ...process.env, ...sandbox.env },
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
