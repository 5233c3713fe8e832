import type { Router } from "../http/router";
import type { RateLimiter } from "../http/limits";
import { actionsRoutes } from "./actions";
import { agentRoutes } from "./agents";
import { checkRoutes } from "./checks";
import { collaboratorRoutes } from "./collaborators";
import { commitRoutes } from "./commits";
import { contentRoutes } from "./contents";
import { gitRoutes } from "./git";
import { gistRoutes } from "./gists";
import { hookRoutes } from "./hooks";
import { issueRoutes } from "./issues";
import { metaRoutes } from "./meta";
import { organizationRoutes } from "./organizations";
import { protectionRoutes } from "./protection";
import { pullRoutes } from "./pulls";
import { releaseRoutes } from "./releases";
import { repositoryRoutes } from "./repositories";
import { rulesetRoutes } from "./rulesets";
import { searchRoutes } from "./search";
import { settingRoutes } from "./settings";
import { stackRoutes } from "./stacks";
import { teamRoutes } from "./teams";
import { tokenRoutes } from "./tokens";
import { userRoutes } from "./users";

/** Every operation of the REST API that the stand-in knows. */
export function installRoutes(router: Router, limiter: RateLimiter): void {
  for (const install of [
    organizationRoutes,
    teamRoutes,
    repositoryRoutes,
    collaboratorRoutes,
    rulesetRoutes,
    protectionRoutes,
    hookRoutes,
    contentRoutes,
    gitRoutes,
    commitRoutes,
    issueRoutes,
    pullRoutes,
    stackRoutes,
    agentRoutes,
    actionsRoutes,
    checkRoutes,
    searchRoutes,
    releaseRoutes,
    settingRoutes,
    gistRoutes,
    userRoutes,
    tokenRoutes,
  ])
    install(router);
  metaRoutes(router, limiter);
}
