import type { Context, Reply } from "../http/context";

/**
 * POST /login/oauth/access_token with a refresh token: the old pair is dead the moment the new one exists, whether or not the answer arrives.
 * GitHub answers 200 even to what it refuses, and names the error in the body.
 */
export function exchangeLogin(c: Context): Reply {
  const type = c.request.headers["content-type"] ?? "";
  const given = new URLSearchParams(c.query);
  if (type.includes("json")) { try { for (const [k, v] of Object.entries(JSON.parse(c.rawBody.toString()) as Record<string, unknown>)) given.set(k, String(v)); } catch { return answer(c, { error: "bad_request", error_description: "Problems parsing JSON" }); } }
  else for (const [k, v] of new URLSearchParams(c.rawBody.toString())) given.set(k, v);
  const app = [...c.world.apps.values()].find((a) => a.clientId === given.get("client_id"));
  if (!app || given.get("client_secret") !== app.clientSecret) return answer(c, { error: "incorrect_client_credentials", error_description: "The client_id and/or client_secret passed are incorrect.", error_uri: "https://docs.github.com/apps/troubleshooting" });
  if (given.get("grant_type") !== "refresh_token") return answer(c, { error: "unsupported_grant_type", error_description: "The grant_type is not supported here; the sandbox mints the first pair at _sandbox/tokens." });
  const old = c.world.tokens.find(given.get("refresh_token") ?? "");
  if (!old || old.kind !== "app-refresh-token" || old.appId !== app.id || !c.world.tokens.isAlive(old)) return answer(c, { error: "bad_refresh_token", error_description: "The refresh token passed is incorrect or expired.", error_uri: "https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens" });
  c.world.tokens.revoke(old);
  const made = c.world.tokens.mintPair({ userId: old.userId, login: old.login, permissions: old.permissions, repositories: old.repositories, appId: app.id, ...(old.installationId === undefined ? {} : { installationId: old.installationId }) });
  const seconds = (at: number | undefined): number => Math.round(((at ?? 0) - c.world.clock.now()) / 1000);
  return answer(c, { access_token: made.token, expires_in: seconds(made.record.expiresAt), refresh_token: made.refreshToken, refresh_token_expires_in: seconds(made.refreshRecord.expiresAt), token_type: "bearer", scope: "" });
}

function answer(c: Context, body: Record<string, string | number>): Reply {
  if (/json/.test(c.accept)) return { status: 200, body };
  return { status: 200, raw: Buffer.from(new URLSearchParams(Object.fromEntries(Object.entries(body).map(([k, v]) => [k, String(v)]))).toString()), headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" } };
}
