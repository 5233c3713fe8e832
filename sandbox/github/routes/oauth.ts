import type { Context, Reply } from "../http/context";
import { randomText } from "../tokens";
import type { App } from "../state";

const DEVICE_MS = 15 * 60_000;
const WRONG_CLIENT = {
  error: "incorrect_client_credentials",
  error_description: "The client_id and/or client_secret passed are incorrect.",
  error_uri: "https://docs.github.com/apps/troubleshooting",
};
const WRONG_REFRESH = {
  error: "bad_refresh_token",
  error_description: "The refresh token passed is incorrect or expired.",
  error_uri:
    "https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens",
};

/**
 * POST /login/device/code and /login/oauth/access_token: the device flow, and refreshing a pair. The old pair is dead
 * the moment the new one exists, whether or not the answer arrives. GitHub answers 200 even to what it refuses, and
 * names the error in the body.
 */
export function exchangeLogin(c: Context): Reply {
  const given = form(c);
  if (!given) return answer(c, { error: "bad_request", error_description: "Problems parsing JSON" });
  const app = [...c.world.apps.values()].find((a) => a.clientId === given.get("client_id"));
  if (!app) return answer(c, WRONG_CLIENT);
  if (c.path === "/login/device/code") return answer(c, beginDevice(c, app));
  if (given.get("grant_type") === "urn:ietf:params:oauth:grant-type:device_code")
    return answer(c, finishDevice(c, app, given.get("device_code") ?? ""));
  if (given.get("grant_type") !== "refresh_token")
    return answer(c, {
      error: "unsupported_grant_type",
      error_description: "The sandbox knows the device flow and refreshing; it mints first pairs at _sandbox/tokens.",
    });
  return answer(c, refresh(c, app, given));
}

function form(c: Context): URLSearchParams | undefined {
  const given = new URLSearchParams(c.query);
  let body: Iterable<[string, string]>;
  try {
    const json = (c.request.headers["content-type"] ?? "").includes("json");
    body = json
      ? Object.entries(JSON.parse(c.rawBody.toString()) as Record<string, unknown>).map(([k, v]): [string, string] => [
          k,
          String(v),
        ])
      : new URLSearchParams(c.rawBody.toString());
  } catch {
    return undefined;
  }
  for (const [k, v] of body) given.set(k, v);
  return given;
}

function refresh(c: Context, app: App, given: URLSearchParams): Record<string, string | number> {
  const old = c.world.tokens.find(given.get("refresh_token") ?? "");
  // A pair that came by device flow needs no secret; a secret that is shown must be right all the same.
  const secret = given.get("client_secret");
  if (secret === null ? !old?.deviceFlow : secret !== app.clientSecret) return WRONG_CLIENT;
  if (!old || old.kind !== "app-refresh-token" || old.appId !== app.id || !c.world.tokens.isAlive(old))
    return WRONG_REFRESH;
  c.world.tokens.revoke(old);
  const { userId, login, permissions, repositories, installationId, deviceFlow } = old;
  return pair(c, {
    userId,
    login,
    permissions,
    repositories: repositories === "all" ? "all" : [...repositories],
    appId: app.id,
    deviceFlow,
    ...(installationId === undefined ? {} : { installationId }),
  });
}

function pair(
  c: Context,
  request: Parameters<Context["world"]["tokens"]["mintPair"]>[0],
): Record<string, string | number> {
  const made = c.world.tokens.mintPair(request);
  const seconds = (at: number | undefined): number => Math.round(((at ?? 0) - c.world.clock.now()) / 1000);
  return {
    access_token: made.token,
    expires_in: seconds(made.record.expiresAt),
    refresh_token: made.refreshToken,
    refresh_token_expires_in: seconds(made.refreshRecord.expiresAt),
    token_type: "bearer",
    scope: "",
  };
}

function beginDevice(c: Context, app: App): Record<string, string | number> {
  const code = randomText(40);
  const userCode = `${randomText(4)}-${randomText(4)}`.toUpperCase();
  c.world.deviceCodes.set(code, {
    clientId: app.clientId,
    userCode,
    userId: null,
    until: c.world.clock.now() + DEVICE_MS,
  });
  return {
    device_code: code,
    user_code: userCode,
    verification_uri: `${c.world.origin}/login/device`,
    expires_in: DEVICE_MS / 1000,
    interval: 1,
  };
}

function finishDevice(c: Context, app: App, code: string): Record<string, string | number> {
  const waiting = c.world.deviceCodes.get(code);
  if (!waiting || waiting.clientId !== app.clientId)
    return { error: "incorrect_device_code", error_description: "The device_code provided is not valid." };
  if (waiting.until <= c.world.clock.now())
    return { error: "expired_token", error_description: "The device_code has expired." };
  if (waiting.userId === null)
    return { error: "authorization_pending", error_description: "The authorization request is still pending." };
  c.world.deviceCodes.delete(code);
  const installation = [...c.world.installations.values()].find((i) => i.appId === app.id);
  return pair(c, {
    userId: waiting.userId,
    login: c.world.user(waiting.userId).login,
    permissions: { ...(installation?.permissions ?? app.permissions) },
    repositories: "all",
    appId: app.id,
    deviceFlow: true,
    ...(installation ? { installationId: installation.id } : {}),
  });
}

function answer(c: Context, body: Record<string, string | number>): Reply {
  if (/json/.test(c.accept)) return { status: 200, body };
  const text = new URLSearchParams(Object.fromEntries(Object.entries(body).map(([k, v]) => [k, String(v)]))).toString();
  return {
    status: 200,
    raw: Buffer.from(text),
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
  };
}
