import { Misuse } from "../errors";
import { appInstallationMinter } from "./appInstallation";
import { appUserTokenMinter } from "./appUserToken";
import { ghesImpersonationMinter } from "./ghesImpersonation";
import { personalAccessTokenMinter } from "./personalAccessToken";
import type { Effects } from "../effects";
import type { RotationPlan } from "../plan";
import type { TokenMinter } from "./types";

/** What the minters that work alone are given. Never journalled, never logged. */
export interface MinterSecrets {
  /** PEM of the GitHub App (app-installation). */
  readonly appPrivateKey?: string;
  /** Of the GitHub App (app-user-token). */
  readonly appClientSecret?: string;
  /** Of a site administrator (ghes-impersonation). */
  readonly siteAdminToken?: string;
}

/** The minter of the environment's credential kind. Throws Misuse when what it needs is not given. */
export function minterFor(effects: Effects, plan: RotationPlan, secrets: MinterSecrets = {}): TokenMinter {
  switch (plan.kind) {
    case "personal-access-token":
      return personalAccessTokenMinter(effects, plan);
    case "app-user-token":
      return appUserTokenMinter(effects, plan, secrets.appClientSecret);
    case "app-installation":
      if (!secrets.appPrivateKey)
        throw new Misuse(
          "app-installation needs the GitHub App's private key: set GATEHOUSE_APP_PRIVATE_KEY, or put it at <path>-minter in the token store",
        );
      return appInstallationMinter(effects, plan, secrets.appPrivateKey);
    case "ghes-impersonation":
      if (!secrets.siteAdminToken)
        throw new Misuse(
          "ghes-impersonation needs a site administrator's token: set GATEHOUSE_SITE_ADMIN_TOKEN, or put it at <path>-minter in the token store",
        );
      return ghesImpersonationMinter(effects, plan, secrets.siteAdminToken);
  }
}

export { mintLink } from "./personalAccessToken";
export { type TokenMinter } from "./types";
