import { DAY_MS } from "../../edge/time";
import { presentPull } from "./present/pulls";
import type { Activities } from "./services";
import type { Repository } from "./state";
import type { World } from "./world";

/** GitHub keeps so many events of a repository, and none that is older than 30 days. */
const KEPT = 300;
const KEPT_MS = 30 * DAY_MS;

type Payload = Readonly<Record<string, unknown>>;

/** One entry of a repository's events. */
interface Activity {
  readonly id: string;
  readonly type: string;
  readonly actorId: number;
  readonly payload: Payload;
  readonly at: number;
}

/**
 * What the events of repositories show: a part of what webhooks hear, in a shape of its own. Which token was used they
 * never say.
 */
export class ActivityLog implements Activities {
  readonly #byRepo = new Map<number, Activity[]>();

  constructor(private readonly world: World) {}

  record(event: string, action: string | null, repo: Repository, actorId: number, payload: Payload): void {
    const shown = this.#shown(event, action, repo, payload);
    if (shown === undefined) return;
    const list = this.#byRepo.get(repo.id) ?? [];
    list.push({ id: String(this.world.ids.next()), actorId, at: this.world.clock.now(), ...shown });
    if (list.length > KEPT) list.splice(0, list.length - KEPT);
    this.#byRepo.set(repo.id, list);
  }

  of(repo: Repository): Record<string, unknown>[] {
    const since = this.world.clock.now() - KEPT_MS;
    return (this.#byRepo.get(repo.id) ?? [])
      .filter(({ at }) => at >= since)
      .map((one) => this.#present(repo, one))
      .reverse();
  }

  #present(repo: Repository, { id, type, actorId, payload, at }: Activity): Record<string, unknown> {
    const { world } = this;
    const actor = (account: { readonly id: number; readonly login: string }, kind: "users" | "orgs") => ({
      id: account.id,
      login: account.login,
      gravatar_id: "",
      url: `${world.api}/${kind}/${account.login}`,
      avatar_url: `${world.origin}/avatars/u/${account.id}`,
    });
    const user = world.users.get(actorId);
    const org = world.orgOf(repo);
    return {
      id,
      type,
      actor: {
        ...actor(user ?? { id: actorId, login: "ghost" }, "users"),
        display_login: user?.login ?? "ghost",
      },
      repo: { id: repo.id, name: world.fullName(repo), url: `${world.api}/repos/${world.fullName(repo)}` },
      payload,
      public: repo.visibility === "public",
      created_at: world.clock.iso(at),
      ...(org ? { org: actor(org, "orgs") } : {}),
    };
  }

  #shown(
    event: string,
    action: string | null,
    repo: Repository,
    payload: Payload,
  ): { readonly type: string; readonly payload: Payload } | undefined {
    const full = `refs/${payload.ref_type === "tag" ? "tags" : "heads"}/${String(payload.ref)}`;
    switch (event) {
      case "push":
        // The creation and the deletion of a reference have events of their own.
        if (payload.created === true || payload.deleted === true) return undefined;
        return {
          type: "PushEvent",
          payload: {
            repository_id: repo.id,
            push_id: this.world.ids.next(),
            ref: payload.ref,
            head: payload.after,
            before: payload.before,
          },
        };
      case "create":
        return { type: "CreateEvent", payload: { ...payload, full_ref: full } };
      case "delete":
        return { type: "DeleteEvent", payload: { ...payload, full_ref: full } };
      case "issues":
        return { type: "IssuesEvent", payload: { action, ...payload } };
      case "issue_comment":
        return { type: "IssueCommentEvent", payload: { action, ...payload } };
      case "pull_request": {
        const number = Number(payload.number);
        // Merging shows as such here, and as closing elsewhere.
        const merged = action === "closed" && (payload.pull_request as { merged?: boolean } | undefined)?.merged;
        if (action === "synchronize") return undefined; // the push shows
        return {
          type: "PullRequestEvent",
          payload: { action: merged ? "merged" : action, number, pull_request: this.#minimal(repo, number) },
        };
      }
      case "pull_request_review":
      case "pull_request_review_comment": {
        const about = (payload.review ?? payload.comment) as { pull_request_url?: string };
        const number = Number(/\/(\d+)$/.exec(about.pull_request_url ?? "")?.[1]);
        const type = event === "pull_request_review" ? "PullRequestReviewEvent" : "PullRequestReviewCommentEvent";
        return {
          type,
          payload: {
            action: action === "submitted" ? "created" : action,
            ...payload,
            pull_request: this.#minimal(repo, number),
          },
        };
      }
      case "release":
        return { type: "ReleaseEvent", payload: { action, ...payload } };
      default:
        return undefined;
    }
  }

  #minimal(repo: Repository, number: number): Payload {
    const issue = repo.issues.get(number);
    if (!issue) return {};
    const { id, url, head, base } = presentPull(this.world, repo, issue) as unknown as {
      id: number;
      url: string;
      head: Side;
      base: Side;
    };
    const side = ({ ref, sha, repo: of }: Side) => ({
      ref,
      sha,
      repo: { id: of?.id ?? repo.id, url: of?.url ?? "", name: of?.name ?? repo.name },
    });
    return { id, number, url, head: side(head), base: side(base) };
  }
}

interface Side {
  readonly ref: string;
  readonly sha: string;
  readonly repo: { readonly id: number; readonly url: string; readonly name: string } | null;
}
