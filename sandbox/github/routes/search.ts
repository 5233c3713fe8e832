import { gitOf } from "../domain/refs";
import { page, type Context, type Reply } from "../http/context";
import { HttpError } from "../http/errors";
import type { Router } from "../http/router";
import { allowedOn, roleOn } from "../permissions";
import { presentUser } from "../present/accounts";
import { presentCommit } from "../present/commits";
import { presentIssue, presentLabel } from "../present/issues";
import { presentMinimalRepository, presentRepository } from "../present/repositories";
import type { Repository } from "../state";

/** A search query: qualifiers such as `repo:acme/api`, and the words that are left. */
interface SearchQuery {
  words: string[];
  qualifiers: Map<string, string[]>;
}
function parseQuery(q: string): SearchQuery {
  const words: string[] = [];
  const qualifiers = new Map<string, string[]>();
  for (const match of q.matchAll(/(-?[a-z-]+):("[^"]*"|\S+)|"([^"]*)"|(\S+)/gi)) {
    if (match[1]) {
      const key = match[1].toLowerCase();
      qualifiers.set(key, [...(qualifiers.get(key) ?? []), match[2]!.replace(/^"|"$/g, "")]);
    } else {
      // Parentheses group; around words alone, as gh writes them, they change nothing.
      const word = match[3] ?? match[4]!.replace(/^\(+|\)+$/g, "");
      if (word !== "") words.push(word.toLowerCase());
    }
  }
  return { words: words.filter((w) => w !== "and" && w !== "or" && w !== "not"), qualifiers };
}

/**
 * The places of the words in a file: a fragment of the text around the first of them, and where the words stand in it.
 */
function textMatches(c: Context, repo: Repository, sha: string, text: string, words: readonly string[]): unknown[] {
  const first = words.map((word) => text.toLowerCase().indexOf(word)).filter((at) => at >= 0);
  if (first.length === 0) return [];
  const start = text.lastIndexOf("\n", Math.max(0, Math.min(...first) - 80)) + 1;
  const fragment = text.slice(start, start + 240);
  return [
    {
      object_url: `${c.world.api}/repositories/${repo.id}/git/blobs/${sha}`,
      object_type: "FileContent",
      property: "content",
      fragment,
      matches: words.flatMap((word) => {
        const at = fragment.toLowerCase().indexOf(word);
        return at < 0 ? [] : [{ text: fragment.slice(at, at + word.length), indices: [at, at + word.length] }];
      }),
    },
  ];
}

/**
 * Search finds only what the asker may see; a qualifier for something else finds nothing, or is refused as on GitHub.
 */
export function searchRoutes(router: Router): void {
  router.on("GET", "/search/code", { auth: "user" }, async (c) => {
    const query = queryOf(c);
    const found: { repo: Repository; path: string; sha: string; size: number }[] = [];
    for (const repo of scope(c, query, "contents=read")) {
      const git = gitOf(repo);
      const head = await git.resolve(repo.defaultBranch);
      if (!head) continue;
      const tree = new Map(
        (await git.tree(head, { recursive: true }))?.filter((e) => e.type === "blob").map((e) => [e.path, e]) ?? [],
      );
      // Every word has to occur in the file, or in its path.
      let paths = new Set(tree.keys());
      for (const word of query.words) {
        const { stdout } = await git.git(["grep", "-l", "-z", "-i", "-I", "-F", "-e", word, head], { okCodes: [0, 1] });
        const hits = new Set(
          stdout
            .toString()
            .split("\0")
            .filter(Boolean)
            .map((line) => line.slice(head.length + 1)),
        );
        paths = new Set([...paths].filter((p) => hits.has(p) || p.toLowerCase().includes(word)));
      }
      const only = (key: string, test: (path: string, value: string) => boolean): void => {
        for (const value of query.qualifiers.get(key) ?? []) paths = new Set([...paths].filter((p) => test(p, value)));
      };
      only("path", (p, v) => p.startsWith(v.replace(/^\//, "")));
      only("filename", (p, v) => p.split("/").at(-1)!.toLowerCase() === v.toLowerCase());
      only("extension", (p, v) => p.endsWith(`.${v}`));
      for (const path of paths) {
        const e = tree.get(path)!;
        found.push({ repo, path, sha: e.sha, size: e.size ?? 0 });
      }
    }
    // Only for this media type (https://docs.github.com/rest/search/search#text-match-metadata).
    const wantsMatches = String(c.request.headers.accept ?? "").includes("text-match");
    const matches = new Map<string, unknown[]>();
    for (const { repo, path, sha } of wantsMatches ? found : [])
      matches.set(
        `${repo.id} ${path}`,
        textMatches(c, repo, sha, (await gitOf(repo).blob(sha))?.toString() ?? "", query.words),
      );
    return results(c, found, ({ repo, path, sha, size }) => {
      const url = `${c.world.api}/repositories/${repo.id}`;
      const encoded = path.split("/").map(encodeURIComponent).join("/");
      return {
        name: path.split("/").at(-1)!,
        path,
        sha,
        url: `${url}/contents/${encoded}`,
        git_url: `${url}/git/blobs/${sha}`,
        html_url: `${c.world.origin}/${c.world.fullName(repo)}/blob/${repo.defaultBranch}/${encoded}`,
        repository: presentMinimalRepository(c.world, repo),
        score: 1,
        file_size: size,
        ...(wantsMatches ? { text_matches: matches.get(`${repo.id} ${path}`) ?? [] } : {}),
      };
    });
  });

  router.on("GET", "/search/issues", { auth: "optional" }, (c) => {
    const query = queryOf(c);
    const one = (key: string): string | undefined => query.qualifiers.get(key)?.at(-1)?.toLowerCase();
    const kinds = new Set(
      [
        ...(query.qualifiers.get("is") ?? []),
        ...(query.qualifiers.get("type") ?? []),
        ...(query.qualifiers.get("state") ?? []),
      ].map((k) => k.toLowerCase()),
    );
    const login = (key: string): string | undefined => {
      const v = one(key);
      return v === "@me" ? c.auth.user?.login.toLowerCase() : v;
    };
    const found = [...scope(c, query, "issues=read")]
      .flatMap((repo) => [...repo.issues.values()].map((issue) => ({ repo, issue })))
      .filter(({ repo, issue }) => {
        const text = `${issue.title}\n${issue.body ?? ""}\n${[...repo.comments.values()]
          .filter((x) => x.issueNumber === issue.number)
          .map((x) => x.body)
          .join("\n")}`.toLowerCase();
        return (
          query.words.every((w) => text.includes(w)) &&
          ((!kinds.has("pr") && !kinds.has("pull-request")) || issue.pull !== null) &&
          (!kinds.has("issue") || issue.pull === null) &&
          (!kinds.has("open") || issue.state === "open") &&
          (!kinds.has("closed") || issue.state === "closed") &&
          (!kinds.has("draft") || issue.pull?.draft === true) &&
          (!kinds.has("merged") || issue.pull?.merged === true) &&
          (!login("author") || c.world.user(issue.userId).login.toLowerCase() === login("author")) &&
          (!login("assignee") ||
            issue.assigneeIds.some((id) => c.world.user(id).login.toLowerCase() === login("assignee"))) &&
          (query.qualifiers.get("label") ?? []).every((l) =>
            issue.labels.some((x) => x.toLowerCase() === l.toLowerCase()),
          ) &&
          (!one("head") || issue.pull?.headRef.toLowerCase() === one("head")) &&
          (!one("base") || issue.pull?.baseRef.toLowerCase() === one("base"))
        );
      });
    return results(
      c,
      found,
      ({ repo, issue }) => ({ ...presentIssue(c.world, repo, issue), body: issue.body ?? "", score: 1 }),
      { search_type: "lexical" },
    );
  });

  router.on("GET", "/search/repositories", { auth: "optional" }, (c) => {
    const query = queryOf(c);
    const found = [...scope(c, query, "metadata=read", false)].filter(
      (r) =>
        query.words.every((w) => r.name.toLowerCase().includes(w) || (r.description ?? "").toLowerCase().includes(w)) &&
        !(query.qualifiers.get("is") ?? []).some(
          (k) => (k === "public" && r.visibility !== "public") || (k === "private" && r.visibility === "public"),
        ),
    );
    return results(c, found, (r) => ({ ...presentRepository(c.world, r, roleOn(c.world, c.auth, r)), score: 1 }));
  });

  router.on("GET", "/search/commits", { auth: "user" }, async (c) => {
    const query = queryOf(c);
    const found = [];
    for (const repo of scope(c, query, "contents=read")) {
      const git = gitOf(repo);
      const head = await git.resolve(repo.defaultBranch);
      for (const commit of head ? await git.commits(await git.log([head], { max: 1000 })) : [])
        if (
          query.words.every((w) => commit.message.toLowerCase().includes(w)) &&
          (query.qualifiers.get("hash") ?? []).every((h) => commit.sha.startsWith(h))
        )
          found.push({ repo, commit });
    }
    return results(c, found, ({ repo, commit }) => ({
      ...presentCommit(c.world, repo, commit),
      committer: commit.committer,
      repository: presentMinimalRepository(c.world, repo),
      score: 1,
    }));
  });

  router.on("GET", "/search/users", { auth: "optional" }, (c) => {
    const q = queryOf(c);
    return results(
      c,
      [...c.world.users.values()].filter((u) => q.words.every((w) => u.login.toLowerCase().includes(w))),
      (u) => ({ ...presentUser(c.world, u), score: 1 }),
    );
  });
  router.on("GET", "/search/labels", { auth: "optional" }, (c) => {
    const repo = c.world.repos.get(Number(c.query.get("repository_id")));
    if (!repo || roleOn(c.world, c.auth, repo) === undefined) throw new HttpError(404, "Not Found");
    const q = queryOf(c);
    return results(
      c,
      [...repo.labels.values()].filter((l) => q.words.every((w) => l.name.toLowerCase().includes(w))),
      (l) => ({ ...presentLabel(c.world, repo, l), score: 1 }),
    );
  });
}

function queryOf(c: Context): SearchQuery {
  const q = c.query.get("q");
  if (!q || q.trim() === "")
    throw new HttpError(422, "Validation Failed", { errors: [{ resource: "Search", field: "q", code: "missing" }] });
  if (q.length > 256)
    throw new HttpError(422, "Validation Failed", {
      errors: [
        { resource: "Search", field: "q", code: "invalid", message: "The search is longer than 256 characters." },
      ],
    });
  return parseQuery(q);
}

/** Repositories that the query names, of those that the asker may see. Naming only what one may not see is an error. */
function scope(c: Context, query: SearchQuery, permission: string, strict = true): Set<Repository> {
  const visible = [...c.world.repos.values()].filter(
    (r) => roleOn(c.world, c.auth, r) !== undefined && allowedOn(c.world, c.auth, r, permission),
  );
  const names = (query.qualifiers.get("repo") ?? []).map((n) => n.toLowerCase());
  const owners = [...(query.qualifiers.get("org") ?? []), ...(query.qualifiers.get("user") ?? [])].map((n) =>
    n.toLowerCase(),
  );
  if (names.length === 0 && owners.length === 0) return new Set(visible);
  const named = visible.filter(
    (r) => names.includes(c.world.fullName(r).toLowerCase()) || owners.includes(c.world.ownerLogin(r).toLowerCase()),
  );
  if (strict && named.length === 0)
    throw new HttpError(422, "Validation Failed", {
      errors: [
        {
          message:
            "The listed users and repositories cannot be searched either because the resources do not exist or you do not have permission to view them.",
          resource: "Search",
          field: "q",
          code: "invalid",
        },
      ],
    });
  return new Set(named);
}

function results<T>(
  c: Context,
  found: readonly T[],
  present: (item: T) => unknown,
  extra: Record<string, unknown> = {},
): Reply {
  return page(c, found.slice(0, 1000), present, (items) => ({
    total_count: found.length,
    incomplete_results: false,
    items,
    ...extra,
  }));
}
