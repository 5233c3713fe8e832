import { join, resolve } from "node:path";
import type { Command } from "commander";
import { missingSecrets, ownSocketOf, selfHostFiles, STATE_OF_SELF_HOST } from "../../gate/selfHostFiles";
import { bundleForwarder, bundleGate, bundleGateProcesses, bundleSupervisor } from "../../infra/cloudflare/bundle";
import { forwardedSinks, gateUrl } from "../../infra/plans";
import { ambientEffects } from "../../rotation/effects";
import { CouldNotRun } from "../support/exit";
import { readNamedFile } from "../support/files";
import { readProjectStack } from "../support/project";
import { publicUrlOf, type RenderOptions } from "./listening";
import { sourcesOf } from "./sources";
import { writeAll } from "./write";

export interface SelfHostCommandOptions extends RenderOptions {
  readonly state?: string;
  readonly workerd: string;
  readonly user: string;
  readonly clientIpHeader?: string;
  readonly processes: string;
  readonly ca?: string;
}

const MOST_PROCESSES = 64;
/** A socket of the file system has a name of at most 107 bytes (unix(7)). */
const LONGEST_SOCKET = 107;

/** Adds what a gate of one's own is asked beside `withListening`. */
export const withSelfHost = (command: Command): Command =>
  command
    .option("--state <dir>", "where ledger and audit trail lie on the gate's machine (default: state in the folder)")
    .option("--client-ip-header <name>", "header in which what stands in front names the client, such as X-Real-IP")
    .option("--ca <file>", "certificates in PEM that GitHub's and Vault's may lead to, beside the machine's own")
    .option("--processes <n>", "how many gate processes share the work; as many as there are processors", "1");

/** @throws CouldNotRun when it is no whole number from 1 to 64 */
export function processCount(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MOST_PROCESSES) return count;
  throw new CouldNotRun(`--processes ${text}: give a whole number from 1 to ${MOST_PROCESSES}`);
}

/** @throws CouldNotRun when there are none */
function certificatesIn(file: string): readonly string[] {
  const text = readNamedFile(file, `--ca ${file}`).toString("utf8");
  const found = text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g);
  if (found === null) throw new CouldNotRun(`--ca ${file}: has no certificate; give a file in PEM`);
  return found;
}

/**
 * Writes every file of a gate of one's own into `options.out`. What the operator filled stays.
 * @param supervised whether `serve.mjs` is there for one process too
 * @returns the folder as a whole path, and what is missing for the gate to work, for a person
 * @throws CouldNotRun for options that do not fit, before anything is written
 */
export async function renderSelfHost(
  options: SelfHostCommandOptions,
  processes: number,
  supervised = processes > 1,
): Promise<{ readonly folder: string; readonly missing: readonly string[] }> {
  const { environment } = readProjectStack(options.stack, options.config, options.project);
  const sources = await sourcesOf(options.stack, environment, process.env, ambientEffects(), options.outputs);
  if (sources.tokenStore === undefined)
    throw new CouldNotRun(
      "gatehouse:tokenStore is Workers KV, which only a Worker reaches; a gate of your own needs Vault or OpenBao",
    );
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(options.user))
    throw new CouldNotRun(`--user ${options.user} is no name of an account; give one such as gatehouse`);
  const folder = resolve(options.out);
  const state = resolve(options.state ?? join(folder, "state"));
  for (const [option, value] of [
    ["--out", folder],
    ["--state", state],
    ["--workerd", options.workerd],
  ] as const)
    if (!/^\/[A-Za-z0-9._/@+-]*$/.test(value))
      throw new CouldNotRun(`${option} ${value}: give a whole path of letters, digits and . _ - @ + without blanks`);
  const { alertWebhook, githubEvents } = environment.audit;
  const { sinks } = forwardedSinks(environment);
  const several = processes > 1;
  const longest = LONGEST_SOCKET - ownSocketOf("", MOST_PROCESSES).length;
  if (supervised && state.length > longest)
    throw new CouldNotRun(
      `--state ${state}: the path is too long for the processes' sockets in it; give one of at most ${longest} characters`,
    );
  const trustedCertificates = options.ca === undefined ? [] : certificatesIn(options.ca);
  const { gate, ledger, ledgerRelay }: { gate: string; ledger: string; ledgerRelay?: string } = several
    ? bundleGateProcesses()
    : bundleGate();
  const files = selfHostFiles({
    policy: sources.policy,
    gateKeys: sources.gateKeys,
    operatorKeys: sources.operatorKeys,
    ...(sources.sessionIssuers === undefined ? {} : { sessionIssuers: sources.sessionIssuers }),
    tokenStore: { ...sources.tokenStore, roleId: sources.roleId ?? "" },
    alerts: alertWebhook === undefined ? {} : { webhook: alertWebhook },
    listen: options.listen,
    publicUrl: publicUrlOf(options, "http", gateUrl(environment)),
    ...(options.clientIpHeader === undefined ? {} : { clientIpHeader: options.clientIpHeader }),
    sinks,
    githubEvents,
    trustedCertificates,
    modules: {
      gate,
      ledger,
      ...(ledgerRelay === undefined ? {} : { ledgerRelay }),
      ...(sinks.length === 0 ? {} : { forwarder: bundleForwarder() }),
      ...(supervised ? { supervisor: bundleSupervisor() } : {}),
    },
    processes,
    folder,
    state,
    workerd: options.workerd,
    user: options.user,
  });
  writeAll(
    folder,
    files,
    options.state === undefined ? ["state", "state/ledger", "state/audit"] : [],
    STATE_OF_SELF_HOST,
  );
  const kept = readNamedFile(join(folder, "secrets.env")).toString("utf8");
  const lacks = missingSecrets(kept, { githubEvents, sinks }).map((line) => `in secrets.env, ${line}`);
  return { folder, missing: [...sources.missing, ...lacks] };
}
