import { appInstallationMinter } from "./appInstallation";
import { appUserTokenMinter } from "./appUserToken";
import { ghesImpersonationMinter } from "./ghesImpersonation";
import { personalAccessTokenMinter } from "./personalAccessToken";
import type { Effects } from "../effects";
import type { RotationPlan } from "../plan";
import type { Declaration } from "./types";

/** Declaring takes no request and no secret. */
const idle: Effects = {
  fetch: () => Promise.reject(new Error("a declaration makes no request")),
  now: () => 0,
  sleep: () => Promise.resolve(),
  report: () => undefined,
};

/** What the environment's kind of credential can and needs, without the secrets that minting takes. */
export function declarationOf(plan: RotationPlan): Declaration {
  switch (plan.kind) {
    case "personal-access-token":
      return personalAccessTokenMinter(idle, plan).declaration;
    case "app-user-token":
      return appUserTokenMinter(idle, plan, undefined).declaration;
    case "app-installation":
      return appInstallationMinter(idle, plan, "").declaration;
    case "ghes-impersonation":
      return ghesImpersonationMinter(idle, plan, "").declaration;
  }
}
