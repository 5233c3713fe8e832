import type { CompiledRepository } from "../infra/posture/gate/compiled";
import type { ObjectSource } from "../infra/posture/gate/git/history";
import type { Commit, Tree, TreeEntry } from "../infra/posture/gate/git/objects";
import { Refusal } from "../infra/posture/gate/refusals";
import type { Isolate } from "./isolate";
import { lookUp } from "./lookup";
import { Refused, refuse } from "./problem";
import { readJson } from "./requests";
import { askApi } from "./upstream";
import type { Visit } from "./visit";

/** Objects that one push may ask GitHub for. */
const MAX_FETCHES = 64;
const MAX_OBJECT = 8 * 1024 * 1024;

/** Reads trees and commits that a push builds on from GitHub's API, a bounded number of them. */
export class ObjectReader implements ObjectSource {
  private fetches = 0;

  constructor(private readonly isolate: Isolate, private readonly visit: Visit, private readonly repository: CompiledRepository) {}

  async tree(id: string): Promise<Tree | undefined> {
    const body = (await this.get(`git/trees/${id}`)) as { truncated?: unknown; tree?: unknown } | undefined;
    if (body === undefined || body.truncated !== false || !Array.isArray(body.tree)) return undefined;
    const entries = new Map<string, TreeEntry>();
    for (const entry of body.tree as readonly { path?: unknown; mode?: unknown; sha?: unknown }[]) {
      if (typeof entry.path !== "string" || typeof entry.mode !== "string" || typeof entry.sha !== "string") return undefined;
      entries.set(entry.path, { mode: entry.mode.replace(/^0/, ""), id: entry.sha });
    }
    return entries;
  }

  async commit(id: string): Promise<Commit | undefined> {
    const body = (await this.get(`git/commits/${id}`)) as { tree?: { sha?: unknown } } | undefined;
    return typeof body?.tree?.sha === "string" ? { tree: body.tree.sha, parents: [] } : undefined;
  }

  async judge(id: string): Promise<Refusal | undefined> {
    try {
      await lookUp(this.isolate, this.visit, { kind: "compare", repository: this.repository, base: this.repository.defaultBranch, head: id });
      return undefined;
    } catch (error) {
      if (error instanceof Refused && error.refusal.status === 403) return error.refusal;
      throw error;
    }
  }

  private async get(path: string): Promise<unknown> {
    if (++this.fetches > MAX_FETCHES) refuse("pack-not-inspectable", "too many commits at once");
    const answer = await askApi(this.isolate, this.visit, `/repos/${this.isolate.policy.policy.organization}/${this.repository.name}/${path}`);
    if (answer.status !== 200) {
      await answer.body?.cancel();
      if (answer.status === 404 || answer.status === 409 || answer.status === 422) return undefined;
      refuse("upstream-error", String(answer.status));
    }
    return readJson(answer, MAX_OBJECT);
  }
}
