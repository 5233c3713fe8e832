import type { Ready } from "./sandbox";

type Json = Record<string, unknown>;

async function get<T>(url: string, headers: Record<string, string>): Promise<T | undefined> {
  const response = await fetch(url, { headers });
  return response.status === 404 ? undefined : ((await response.json()) as T);
}

/**
 * What stands in the three systems, by names and contents, without ids and times: equal before and after what leaves
 * nothing behind.
 */
export async function inventory(
  ready: Pick<Ready, "github" | "vault" | "cloudflare" | "organization">,
  repositories: readonly string[],
): Promise<Json> {
  const { github, vault, cloudflare, organization } = ready;
  const hub = <T>(path: string): Promise<T | undefined> =>
    get<T>(`${github.api}${path}`, { authorization: `Bearer ${github.token}` });
  const bao = async (path: string): Promise<string[]> => {
    const answer = await get<{ data: Json }>(`${vault.addr}/v1/${path}`, { "x-vault-token": vault.token });
    return answer
      ? (Array.isArray(answer.data.keys) ? (answer.data.keys as string[]) : Object.keys(answer.data)).sort()
      : [];
  };
  const flare = async (path: string, key: string): Promise<string[]> => {
    const answer = await get<{ result: Json[] | { buckets: Json[] } }>(
      `${cloudflare.api}/accounts/${cloudflare.accountId}/${path}`,
      { authorization: `Bearer ${cloudflare.token}` },
    );
    const list = Array.isArray(answer?.result) ? answer.result : (answer?.result.buckets ?? []);
    return list.map((one) => String(one[key])).sort();
  };
  const names = (list: Json[] | undefined, key: string): string[] => (list ?? []).map((one) => String(one[key])).sort();
  const ofRepositories = Object.fromEntries(
    await Promise.all(
      repositories.map(async (name) => {
        const base = `/repos/${organization}/${name}`;
        const owners = await hub<{ content?: string }>(`${base}/contents/.github/CODEOWNERS`);
        return [
          name,
          {
            rulesets: names(await hub<Json[]>(`${base}/rulesets`), "name"),
            protected: (await hub<Json>(`${base}/branches/main/protection`)) !== undefined,
            teams: (await hub<Json[]>(`${base}/teams`))
              ?.map((team) => `${String(team.slug)}: ${String(team.permission)}`)
              .sort(),
            hooks: (await hub<Json[]>(`${base}/hooks`))?.length,
            codeOwners: owners?.content ? Buffer.from(owners.content, "base64").toString() : "",
            workflows: await hub<Json>(`${base}/actions/permissions/workflow`),
          },
        ] as const;
      }),
    ),
  );
  return {
    github: {
      teams: names(await hub<Json[]>(`/orgs/${organization}/teams`), "slug"),
      members: names(await hub<Json[]>(`/orgs/${organization}/members`), "login"),
      hooks: (await hub<Json[]>(`/orgs/${organization}/hooks`))?.length,
      repositories: ofRepositories,
    },
    vault: {
      mounts: await bao("sys/mounts"),
      auth: await bao("sys/auth"),
      policies: await bao("sys/policies/acl?list=true"),
      quotas: await bao("sys/quotas/rate-limit?list=true"),
    },
    cloudflare: {
      scripts: await flare("workers/scripts", "id"),
      namespaces: await flare("storage/kv/namespaces", "title"),
      buckets: await flare("r2/buckets", "name"),
      domains: await flare("workers/domains", "hostname"),
    },
  };
}
