import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { describeSystemError, SystemsError } from "../tools/errors";
import { FaultList } from "../tools/faults";
import { RequestLog } from "../tools/requestLog";
import { accountRoutes } from "./api/account";
import { controlRoutes } from "./api/control";
import { kvRoutes } from "./api/kv";
import { queueRoutes } from "./api/queues";
import { r2Routes } from "./api/r2";
import { scriptRoutes } from "./api/scripts";
import { alertingRoutes, hostRoutes, logpushRoutes, zoneRoutes } from "./api/stored";
import type { World } from "./api/world";
import { Router } from "./http/router";
import { serveApi } from "./http/server";
import { Runtime } from "./runtime/runtime";
import { startCron } from "./runtime/schedule";
import { Account, derivedId } from "./state";

/** How to start the Cloudflare stand-in. */
export interface CloudflareOptions {
  /** Names the account, the zone of the gate's host name and the organization. */
  readonly environment: {
    readonly organization: string;
    readonly gate: {
      readonly name: string;
      readonly accountId: string;
      readonly hostname?: string | undefined;
      readonly zoneId?: string | undefined;
      readonly workersDev?: string | undefined;
    };
  };
  /** Folder for the scripts, for what Workers store and for what they print. */
  readonly dataDir: string;
  /** Port of the API on 127.0.0.1; a free one by default. */
  readonly port?: number;
  /** The account's API token; a random one of 40 characters by default. */
  readonly token?: string;
}

/** The running stand-in. */
export interface Cloudflare {
  /** Origin of the API's server. */
  readonly url: string;
  /** Base URL of the API, for CLOUDFLARE_BASE_URL and CLOUDFLARE_API_BASE_URL. */
  readonly api: string;
  readonly token: string;
  readonly accountId: string;
  readonly zoneId: string;
  /** File with everything that Workers printed. */
  readonly consoleLog: string;
  /** Public base URL of a script, the same over all its versions. The gate's is there from the start. */
  gateUrl(scriptName: string): string;
  /**
   * workerd's own socket of a deployed script: nothing in between, but connections break when a version is replaced.
   */
  directUrl(scriptName: string): string;
  /** Ends everything, workerd included. Calling it again does nothing. */
  stop(): Promise<void>;
}

/**
 * Starts a stand-in of the Cloudflare API (v4) for one account, on loopback. Scripts that are uploaded run in workerd
 * with the bindings they were given.
 * @throws SystemsError when the port is taken or workerd does not run on this machine
 */
export async function startCloudflare(options: CloudflareOptions): Promise<Cloudflare> {
  const { organization, gate } = options.environment;
  const zoneName = zoneNameOf(gate.hostname) ?? `${organization.toLowerCase()}.example`;
  const zone = { id: gate.zoneId ?? derivedId(`zone:${gate.accountId}:${zoneName}`), name: zoneName };
  return serveAccount(new Account(gate.accountId, organization, [zone], gate.workersDev), {
    ...options,
    reserved: [gate.name],
    addressBinding: "PUBLIC_URL",
  });
}

/**
 * Serves an account that may hold things already.
 * `reserved`: scripts whose public listener is there from the start.
 * `addressBinding`: the text binding that tells a script its own address. A script here gets the one at which it is
 * reached here, because nothing on this machine answers to the uploaded one; the API shows what was uploaded.
 */
export async function serveAccount(
  account: Account,
  options: Pick<CloudflareOptions, "dataDir" | "port" | "token"> & {
    readonly reserved?: readonly string[];
    readonly addressBinding?: string;
  },
): Promise<Cloudflare> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const token = options.token ?? randomBytes(30).toString("base64url");
  const log = new RequestLog();
  const faults = new FaultList("/client/v4");
  const runtime = await Runtime.start(account, options.dataDir, options.addressBinding);
  try {
    for (const name of options.reserved ?? []) await runtime.reserve(name);
    const world: World = { account, runtime, token, log, faults };
    const router = new Router();
    for (const routes of [
      accountRoutes,
      scriptRoutes,
      kvRoutes,
      r2Routes,
      queueRoutes,
      hostRoutes,
      zoneRoutes,
      logpushRoutes,
      alertingRoutes,
    ])
      routes(router, world);
    const control = new Router();
    controlRoutes(control, world);
    const zoneIds = new Set(account.zones.map((zone) => zone.id));
    const { server, port } = await serveApi({
      router,
      control,
      token,
      accountId: account.id,
      zoneIds,
      faults,
      log,
      port: options.port,
    });
    const cron = startCron(account, runtime);
    let stopping: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      cron.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await runtime.stop();
    };
    const url = `http://127.0.0.1:${port}`;
    return {
      url,
      api: `${url}/client/v4`,
      token,
      accountId: account.id,
      zoneId: account.zones[0]?.id ?? "",
      consoleLog: runtime.consoleLog,
      gateUrl: (name) => runtime.gateUrl(name),
      directUrl: (name) => runtime.directUrl(name),
      stop: () => (stopping ??= stop()),
    };
  } catch (error) {
    await runtime.stop();
    if (error instanceof SystemsError) throw error;
    const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    throw new SystemsError({
      what: "The Cloudflare stand-in could not start",
      why: taken ? `port ${options.port} is in use` : describeSystemError(error),
      wayOut: taken ? "Stop what listens there or choose another port" : "Start again",
    });
  }
}

/** The zone of a host name: everything but its first label, or the name itself when it has two labels. */
function zoneNameOf(hostname: string | undefined): string | undefined {
  if (hostname === undefined) return undefined;
  const labels = hostname.split(".");
  return labels.length <= 2 ? hostname : labels.slice(1).join(".");
}
