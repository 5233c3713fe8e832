import { randomBytes } from "node:crypto";
import { ApiError } from "../http/errors";
import type { Workspace } from "../state";
import { type Body, tokenRequest } from "./bodies";
import type { Routes } from "./world";

/**
 * Exchanges a token of another issuer, such as that of a CI run, for an access token of the workspace (RFC 7523). Its
 * signature is not checked: nothing on this machine has the issuer's keys.
 */
export const federationRoutes: Routes = (router, { workspace }) => {
  router.on("POST", "v1/oauth/token", (call) => {
    const body = call.body(tokenRequest);
    const rule = workspace.federationRules.get(body.federation_rule_id);
    const claims = claimsOf(body.assertion);
    const matches =
      rule !== undefined &&
      body.organization_id === workspace.organizationId &&
      (body.workspace_id ?? workspace.id) === workspace.id &&
      String(claims?.["sub"] ?? "").startsWith(rule.subjectPrefix) &&
      Number(claims?.["exp"]) * 1000 > Date.now();
    if (!matches) throw new ApiError(401, "authentication_error", "the identity token matches no federation rule");
    const token = `sk-ant-oat01-${randomBytes(32).toString("base64url")}`;
    workspace.accessTokens.set(token, Date.now() + rule.lifetimeSeconds * 1000);
    return { access_token: token, token_type: "Bearer", expires_in: rule.lifetimeSeconds };
  });
};

/** The claims of a JWT; undefined for what is none. */
function claimsOf(jwt: Body<typeof tokenRequest>["assertion"]): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString("utf8")) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Whether an access token was given and has not ended. */
export const isAccessToken = ({ accessTokens }: Workspace, token: string): boolean =>
  (accessTokens.get(token) ?? 0) > Date.now();
