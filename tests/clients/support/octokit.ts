import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Octokit } from "@octokit/rest";
import { fetch, ProxyAgent } from "undici";
import type { Ended, Place } from "./ended";

/** The pinned one, which the tests are installed with. */
export const OCTOKIT_VERSION = (
  JSON.parse(readFileSync(join(__dirname, "../../../package.json"), "utf8")) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  }
).devDependencies["@octokit/rest"]!;

type Method = (parameters: Record<string, unknown>) => Promise<{ readonly data: unknown }>;

/**
 * Calls `<namespace>.<method> {parameters}` of octokit for acme/api, with the address, the key and the proxy of the
 * environment. A refusal is its message, with exit 1.
 */
export async function runOctokit(args: string, { env }: Place): Promise<Ended> {
  const [, namespace = "", method = "", parameters = "{}"] = /^(\w+)\.(\w+)(?: (.*))?$/.exec(args) ?? [];
  const dispatcher = new ProxyAgent({
    uri: env["HTTPS_PROXY"] ?? "",
    requestTls: { ca: readFileSync(env["SSL_CERT_FILE"] ?? "") },
  });
  const silent = (): void => undefined;
  const octokit = new Octokit({
    baseUrl: `https://${env["GH_HOST"]}/api/v3`,
    auth: env["GH_ENTERPRISE_TOKEN"],
    log: { debug: silent, info: silent, warn: silent, error: silent },
    request: { fetch: (url: string, init: object) => fetch(url, { ...init, dispatcher }) },
  });
  try {
    const call = (octokit.rest as unknown as Record<string, Record<string, Method>>)[namespace]?.[method];
    if (call === undefined) throw new Error(`octokit has no ${namespace}.${method}`);
    const { data } = await call({
      ...(/^(?:users|search)$/.test(namespace) ? {} : { owner: "acme", repo: "api" }),
      ...(JSON.parse(parameters) as object),
    });
    return { code: 0, stdout: typeof data === "string" ? data : (JSON.stringify(data) ?? ""), stderr: "" };
  } catch (error) {
    return { code: 1, stdout: "", stderr: (error as Error).message };
  } finally {
    await dispatcher.close();
  }
}
