import type { CompiledRepository } from "../../policy/compiled";
import { readBlob } from "../../policy/git/blob";
import { isBefore, readListing, type Entry } from "../../policy/git/listing";
import type { Commit, Tree } from "../../policy/git/objects";
import { objectIdOf } from "../../policy/git/sha1";
import type { BlobSource } from "../../policy/git/suspects";
import { Refusal } from "../../policy/refusals";
import { refuse, Refused } from "../answer/problem";
import type { RequestContext } from "../context";
import type { Gate } from "../gate";
import { readJson } from "../request/body";
import { changedFiles } from "./lookup";
import { askApi } from "./send";

/** How many requests to GitHub one push may cost before it is decided. */
const MAX_FETCHES = 64;
/** How many trees are fetched one by one. After that whole listings are fetched, with up to 100,000 entries each. */
const SINGLE_TREES = 12;
/** How many files are read for their previous content, and how large they may be, in bytes. */
const MAX_BLOBS = 5;
const MAX_BLOB = 1024 * 1024;
const MAX_OBJECT = 16 * 1024 * 1024;

/** Reads the trees and commits on which a push builds from GitHub's API, in a bounded number of requests. */
export class ObjectReader implements BlobSource {
  private fetches = 0;
  private single = 0;
  private blobs = 0;
  private readonly listed = new Map<string, Tree>();
  /** Root trees of commits whose listings have not been fetched yet. */
  private readonly roots = new Set<string>();
  private readonly commits = new Map<string, Commit>();
  private readonly judged = new Map<string, ReadonlySet<string> | Refusal>();

  constructor(
    private readonly gate: Gate,
    private readonly context: RequestContext,
    private readonly repository: CompiledRepository,
  ) {}

  async tree(id: string): Promise<Tree | undefined> {
    const known = this.listed.get(id);
    if (known !== undefined) return known;
    if (++this.single > SINGLE_TREES) await this.list();
    const tree = this.listed.get(id) ?? readListing(await this.get(`git/trees/${id}`), id)?.get(id);
    if (tree !== undefined) this.listed.set(id, tree);
    return tree;
  }

  async commit(id: string): Promise<Commit | undefined> {
    const known = this.commits.get(id);
    if (known !== undefined) return known;
    const body = (await this.get(`git/commits/${id}`)) as { tree?: { sha?: unknown } } | undefined;
    const tree = body?.tree?.sha;
    if (typeof tree !== "string") return undefined;
    const commit = { tree, parents: [] };
    this.commits.set(id, commit);
    this.roots.add(tree);
    return commit;
  }

  /** Each blob costs a request, so only a few are read. Content that does not match its id is ignored. */
  async blob(id: string): Promise<Uint8Array | undefined> {
    if (++this.blobs > MAX_BLOBS) return undefined;
    const content = readBlob(await this.get(`git/blobs/${id}`), MAX_BLOB);
    return content !== undefined && objectIdOf("blob", content) === id ? content : undefined;
  }

  async judge(id: string, own: boolean): Promise<ReadonlySet<string> | Refusal> {
    const key = `${id} ${own}`;
    const files = this.judged.get(key) ?? (await this.compare(id, own));
    this.judged.set(key, files);
    return files;
  }

  private async compare(id: string, own: boolean): Promise<ReadonlySet<string> | Refusal> {
    try {
      this.count();
      return await changedFiles(this.gate, this.context, {
        kind: "compare",
        repository: this.repository,
        base: this.repository.defaultBranch,
        head: id,
        ...(own ? { adds: [] } : {}),
      });
    } catch (error) {
      if (error instanceof Refused && error.refusal.status === 403) return error.refusal;
      throw error;
    }
  }

  async isBefore(older: string, newer: string): Promise<boolean> {
    return isBefore(await this.get(`compare/${older}...${newer}?per_page=1`));
  }

  async tip(): Promise<string | undefined> {
    const body = (await this.get(`branches/${encodeURIComponent(this.repository.defaultBranch)}`)) as
      { commit?: { commit?: { tree?: { sha?: unknown } } } } | undefined;
    const tree = body?.commit?.commit?.tree?.sha;
    if (typeof tree !== "string") return undefined;
    this.roots.add(tree);
    return tree;
  }

  /**
   * Fetches everything below each root once. If GitHub truncates a listing, or it is too long, the trees are fetched
   * one by one again.
   */
  private async list(): Promise<void> {
    for (const root of [...this.roots]) {
      this.roots.delete(root);
      const answer = await this.get(`git/trees/${root}?recursive=1`).catch((error: unknown) => {
        if (error instanceof Refused && error.refusal.rule === "answer-too-large") return undefined;
        throw error;
      });
      for (const [id, tree] of readListing(answer, root) ?? new Map<string, Map<string, Entry>>())
        this.listed.set(id, tree);
    }
  }

  private count(): void {
    if (++this.fetches > MAX_FETCHES) refuse("pack-not-inspectable", "too many commits at once");
  }

  private async get(path: string): Promise<unknown> {
    this.count();
    const answer = await askApi(
      this.gate,
      this.context,
      `/repos/${this.gate.policy.organization}/${this.repository.name}/${path}`,
    );
    if (answer.status !== 200) {
      await answer.body?.cancel();
      if (answer.status === 404 || answer.status === 409 || answer.status === 422) return undefined;
      refuse("upstream-error", String(answer.status));
    }
    return readJson(answer, MAX_OBJECT);
  }
}
