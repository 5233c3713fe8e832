import type { Router } from "../http/router";
import { actionsRoutes } from "./actions";
import { collaboratorRoutes } from "./collaborators";
import { commitRoutes } from "./commits";
import { contentRoutes } from "./contents";
import { gitRoutes } from "./git";
import { hookRoutes } from "./hooks";
import { issueRoutes } from "./issues";
import { organizationRoutes } from "./organizations";
import { protectionRoutes } from "./protection";
import { pullRoutes } from "./pulls";
import { repositoryRoutes } from "./repositories";
import { rulesetRoutes } from "./rulesets";
import { teamRoutes } from "./teams";
import { tokenRoutes } from "./tokens";
import { userRoutes } from "./users";

/** Every operation of the REST API that the stand-in knows. */
export function installRoutes(router: Router): void {
  for (const install of [organizationRoutes, teamRoutes, repositoryRoutes, collaboratorRoutes, rulesetRoutes, protectionRoutes, hookRoutes, contentRoutes, gitRoutes, commitRoutes, issueRoutes, pullRoutes, actionsRoutes, userRoutes, tokenRoutes]) install(router);
}
