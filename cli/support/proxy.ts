import { CouldNotRun } from "./exit";

type Env = Record<string, string | undefined>;

/**
 * Names of this machine, as different programs compare them: with and without brackets, and whatever ends in
 * `.localhost`.
 */
const LOOPBACK = ["localhost", ".localhost", "127.0.0.1", "::1", "[::1]"];
const PROXIES = ["http_proxy", "https_proxy", "all_proxy", "grpc_proxy"];

/** A variable that programs read under two names; the lower-case one comes first, as in curl. */
const read = (env: Env, name: string): string => env[name] || env[name.toUpperCase()] || "";

/** Whether a host name, as a URL gives it, means this machine. */
export const isLoopback = (hostname: string): boolean =>
  /^(?:(?:.+\.)?localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/i.test(hostname);

/**
 * What has to be set so that no program sends a request to this machine through a proxy: everything here talks over
 * loopback, the engine and the program included. Nothing when the environment names no proxy.
 *
 * Programs read different names and take different lists: curl, git and Python prefer `no_proxy`, Go prefers
 * `NO_PROXY`; most want commas; `*` counts only alone, and for gRPC not at all, whose own `no_grpc_proxy` goes before
 * the others.
 */
export function loopbackWithoutProxy(env: Env): Record<string, string> {
  if (!PROXIES.some((name) => read(env, name))) return {};
  const entries = (...names: string[]): string[] =>
    names.flatMap((name) => (env[name] ?? "").split(/[\s,]+/).filter((entry) => entry !== ""));
  const joined = (all: readonly string[]): string => [...new Set([...all, ...LOOPBACK])].join(",");
  const listed = entries("no_proxy", "NO_PROXY");
  const noProxy = listed.includes("*") ? "*" : joined(listed);
  const noGrpcProxy = joined([...entries("no_grpc_proxy"), ...listed].filter((entry) => entry !== "*"));
  return { no_proxy: noProxy, NO_PROXY: noProxy, no_grpc_proxy: noGrpcProxy };
}

/**
 * Lets this process and all that it starts reach the internet through the proxy that the environment names
 * (`HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`, in either case), which Node's `fetch` does not do by itself, and this
 * machine without it.
 */
export function useEnvironmentProxies(env: Env = process.env): void {
  const changes = loopbackWithoutProxy(env);
  if (Object.keys(changes).length === 0) return;
  Object.assign(env, changes);
  // Loaded only here: most runs have no proxy and need not wait for it.
  // oxlint-disable-next-line typescript/no-require-imports -- see above; an import would load it at start-up
  const { Agent, EnvHttpProxyAgent, setGlobalDispatcher } = require("undici") as typeof import("undici");
  let proxied: import("undici").Dispatcher | undefined;
  // Made when it is needed: what stays on this machine must not fail for a proxy that is written wrongly.
  const throughProxy = (): import("undici").Dispatcher =>
    (proxied ??= new EnvHttpProxyAgent({
      ...(read(env, "http_proxy") ? { httpProxy: proxyUrl(env, "http_proxy") } : {}),
      ...(read(env, "https_proxy") ? { httpsProxy: proxyUrl(env, "https_proxy") } : {}),
      ...(changes.no_proxy === undefined ? {} : { noProxy: changes.no_proxy }),
      // A plain http address is asked for as every proxy expects it, not through a tunnel, which many allow to port 443
      // alone.
      proxyTunnel: false,
    }));
  setGlobalDispatcher(
    new Agent().compose((direct) => (request, handler) => {
      const { hostname } = new URL(String(request.origin));
      return isLoopback(hostname) ? direct(request, handler) : throughProxy().dispatch(request, handler);
    }),
  );
}

/** The proxy's address; curl's short form without a scheme is taken too. @throws CouldNotRun when it is none of HTTP */
function proxyUrl(env: Env, name: string): string {
  const value = read(env, name);
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : ""))
    throw new CouldNotRun(
      `${name} (or ${name.toUpperCase()}) is not the address of an HTTP proxy; right would be http://proxy.example:3128`,
    );
  return url;
}
