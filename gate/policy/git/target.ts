import { listedRepository, type CompiledPolicy, type CompiledRepository } from "../compiled";
import { Refusal } from "../refusals";
import { judgeLfsTarget, type LfsTarget } from "./lfs";

/** A request of git's over HTTP whose target has passed: what it is for, and the path that is sent. */
export interface GitTarget {
  readonly repository: CompiledRepository;
  readonly service: "git-upload-pack" | "git-receive-pack";
  /** The advertisement of references, or the service itself. */
  readonly advertisement: boolean;
  readonly route: "git.fetch" | "git.push";
  /** Path and query below the upstream's base. */
  readonly sent: string;
}

/**
 * Guards `git-repository`, `git-service` and `git-access`: `/{owner}/{repo}.git/…` or the same without `.git` of a
 * listed repository, one of two services, and for a push the access.
 */
export function judgeGitTarget(
  policy: CompiledPolicy,
  method: string,
  target: string,
): GitTarget | LfsTarget | Refusal {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? "" : target.slice(mark + 1);
  const owner = path.slice(1, path.indexOf("/", 1));
  const end = path.indexOf("/", owner.length + 2);
  const name = path.slice(owner.length + 2, end).replace(/\.git$/, "");
  const repository = listedRepository(policy, `${owner}/${name}`);
  if (repository === undefined)
    return owner.toLowerCase() === policy.owner
      ? new Refusal("repository-not-listed", name)
      : new Refusal("owner-not-allowed", owner);
  const rest = path.slice(end);
  if (rest.startsWith("/info/lfs")) return judgeLfsTarget(policy, repository, method, rest, query);
  const advertisement = rest === "/info/refs";
  const service = advertisement
    ? /^service=(git-(?:upload|receive)-pack)$/.exec(query)?.[1]
    : query === ""
      ? /^\/(git-(?:upload|receive)-pack)$/.exec(rest)?.[1]
      : undefined;
  if ((service !== "git-upload-pack" && service !== "git-receive-pack") || method !== (advertisement ? "GET" : "POST"))
    return new Refusal("git-service");
  const route = service === "git-receive-pack" ? "git.push" : "git.fetch";
  if (!policy.open.has(route)) return new Refusal("route-not-allowed");
  if (route === "git.push" && repository.access !== "write")
    return new Refusal("access-read-only", repository.fullName);
  return {
    repository,
    service,
    advertisement,
    route,
    sent: `/${policy.organization}/${repository.name}.git${rest}${query === "" ? "" : `?${query}`}`,
  };
}
