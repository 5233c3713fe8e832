import { createPublicKey, verify } from "node:crypto";
import { HttpError } from "./http/errors";
import type { App, Installation, User } from "./state";
import type { Token } from "./tokens";
import type { World } from "./world";

/** Who is asking. `user` is the account in whose name things are done: a person, the machine user, or an App's bot. */
export interface Auth {
  readonly kind: "anonymous" | "token" | "app";
  readonly token?: Token;
  readonly user?: User;
  readonly app?: App;
  readonly installation?: Installation;
}
export const ANONYMOUS: Auth = { kind: "anonymous" };

const badCredentials = (): HttpError => new HttpError(401, "Bad credentials");

/**
 * The credential of an Authorization header: Bearer and token as they stand, for Basic the password (or the user name
 * when it is the token).
 */
export function credentialOf(header: string): string | undefined {
  const match = /^(bearer|token|basic)\s+(.+)$/i.exec(header.trim());
  if (!match) return undefined;
  if (match[1]!.toLowerCase() !== "basic") return match[2]!.trim();
  const pair = Buffer.from(match[2]!, "base64").toString();
  const cut = pair.indexOf(":");
  const [user, password] = cut < 0 ? [pair, ""] : [pair.slice(0, cut), pair.slice(cut + 1)];
  return password === "" || password === "x-oauth-basic" ? user : password;
}

/** @throws HttpError 401 for anything that is shown and does not hold: unknown, revoked, expired, malformed. */
export function authenticate(world: World, header: string | undefined): Auth {
  if (header === undefined) return ANONYMOUS;
  const credential = credentialOf(header);
  if (!credential) throw badCredentials();
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(credential)) return authenticateApp(world, credential);
  const token = world.tokens.find(credential);
  if (!token || token.kind === "app-refresh-token" || !world.tokens.isAlive(token)) throw badCredentials();
  const user = world.users.get(token.userId);
  if (!user) throw badCredentials();
  const installation = token.installationId === undefined ? undefined : world.installations.get(token.installationId);
  if (token.installationId !== undefined && !installation) throw badCredentials();
  token.lastUsedAt = world.clock.now();
  const app = token.appId === undefined ? undefined : world.apps.get(token.appId);
  return { kind: "token", token, user, ...(app ? { app } : {}), ...(installation ? { installation } : {}) };
}

/** An App proves itself by a JWT of at most ten minutes, signed RS256 with its private key. */
function authenticateApp(world: World, jwt: string): Auth {
  const [head, body, signature] = jwt.split(".") as [string, string, string];
  let header: { alg?: unknown };
  let claims: { iss?: unknown; iat?: unknown; exp?: unknown };
  try {
    header = JSON.parse(Buffer.from(head, "base64url").toString()) as typeof header;
    claims = JSON.parse(Buffer.from(body, "base64url").toString()) as typeof claims;
  } catch {
    throw new HttpError(401, "A JSON web token could not be decoded");
  }
  const issuer = String(claims.iss);
  const app = [...world.apps.values()].find((a) => String(a.id) === issuer || a.clientId === issuer);
  if (header.alg !== "RS256") throw new HttpError(401, "A JSON web token could not be decoded");
  if (!app) throw new HttpError(401, "Integration not found");
  if (
    !verify("RSA-SHA256", Buffer.from(`${head}.${body}`), createPublicKey(app.pem), Buffer.from(signature, "base64url"))
  )
    throw new HttpError(401, "A JSON web token could not be decoded");
  const now = Date.now() / 1000; // who signs reads the machine's clock, not the one that a rehearsal moved
  if (typeof claims.exp !== "number" || claims.exp <= now)
    throw new HttpError(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  if (claims.exp > now + 660) throw new HttpError(401, "'Expiration time' claim ('exp') is too far in the future");
  if (typeof claims.iat === "number" && claims.iat > now + 60)
    throw new HttpError(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  return { kind: "app", app };
}
