import type { Incoming, Reply } from "./githubModel";

interface Version {
  data: Record<string, string> | null;
  destroyed: boolean;
}
interface Secret {
  versions: Version[];
  notes: Record<string, string>;
}

/** KV v2 as Vault and OpenBao answer it, with check-and-set required. */
export class VaultModel {
  readonly secrets = new Map<string, Secret>();

  handle(r: Incoming): Reply {
    if (r.path === "/v1/auth/token/lookup-self") return { status: 200, body: { data: {} } };
    const m = /^\/v1\/agents\/(data|metadata|destroy)\/(.+)$/.exec(r.path);
    if (!m?.[2]) return { status: 404, body: { errors: [] } };
    const secret = this.secrets.get(m[2]) ?? { versions: [], notes: {} };
    const version = secret.versions.length;
    const last = secret.versions[version - 1];
    if (m[1] === "data" && r.method === "GET") {
      if (!last) return { status: 404, body: { errors: [] } };
      return last.data
        ? { status: 200, body: { data: { data: last.data, metadata: { version } } } }
        : { status: 404, body: { data: { data: null, metadata: { version } } } };
    }
    if (m[1] === "data") {
      const cas = (r.body.options as { cas?: number } | undefined)?.cas;
      if (cas !== version)
        return {
          status: 400,
          body: {
            errors: [
              cas === undefined
                ? "check-and-set parameter required for this call"
                : "check-and-set parameter did not match the current version",
            ],
          },
        };
      secret.versions.push({ data: r.body.data as Record<string, string>, destroyed: false });
      this.secrets.set(m[2], secret);
      return { status: 200, body: { data: { version: version + 1 } } };
    }
    if (version === 0) return { status: 404, body: { errors: [] } };
    if (m[1] === "destroy") {
      for (const n of r.body.versions as number[]) {
        const v = secret.versions[n - 1];
        if (v) {
          v.data = null;
          v.destroyed = true;
        }
      }
      return { status: 204 };
    }
    if (r.method === "PATCH") {
      const notes = Object.entries(r.body.custom_metadata as Record<string, string | null>);
      if (notes.some(([, value]) => value === ""))
        return { status: 400, body: { errors: ["length of value is 0 but must be 0 < len(value) <= 512"] } };
      for (const [name, value] of notes)
        if (value === null) delete secret.notes[name];
        else secret.notes[name] = value;
      return { status: 204 };
    }
    return {
      status: 200,
      body: {
        data: {
          current_version: version,
          custom_metadata: secret.notes,
          versions: Object.fromEntries(secret.versions.map((v, i) => [String(i + 1), { destroyed: v.destroyed }])),
        },
      },
    };
  }

  current(path: string): Record<string, string> | undefined {
    const secret = this.secrets.get(path);
    return secret?.versions[secret.versions.length - 1]?.data ?? undefined;
  }
}
