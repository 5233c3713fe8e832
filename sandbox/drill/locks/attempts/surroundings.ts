import { createSign } from "node:crypto";
import { type Door, type Outcome, viaFetch } from "../../door";
import { deleteRecord, overwriteRecord, readTokenKey } from "../cloudflare";
import { reachGitHub, reachThroughGate } from "../network";
import { harmless, Site } from "../site";
import { readTokenInVault } from "../vault";
import { type Attempt, viaRest } from "./kit";
import { someKey } from "./settings";

const unlisted = (site: Site): string => `/repos/${site.organization}/${Site.UNLISTED}`;

const clone: Attempt = {
  tried: "list its branches with git",
  client: "git",
  run: async (site, door) => (await site.bench).list(door, `${site.organization}/${Site.UNLISTED}`),
};

const graphql = (tried: string, query: (site: Site) => string): Attempt =>
  viaRest(
    tried,
    "POST",
    () => "/graphql",
    (site) => ({ query: query(site) }),
  );
const otherByGraphql = graphql(
  "ask GraphQL for a repository that is not listed",
  (site) => `query { repository(owner: "${site.organization}", name: "${Site.UNLISTED}") { name visibility } }`,
);

/** The App's own key signs; whoever has it needs no user's token. */
async function asApp(site: Site, door: Door): Promise<{ door: Door; installationId: number }> {
  const app = await site.rig.control<{ id: number; pem: string; installationId: number }>("GET", "/app");
  if (door.kind === "gate") return { door, installationId: app.installationId };
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const text = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iat: now - 10, exp: now + 300, iss: String(app.id) })}`;
  return {
    door: { ...door, credential: `${text}.${createSign("RSA-SHA256").update(text).sign(app.pem, "base64url")}` },
    installationId: app.installationId,
  };
}

const mint: Attempt = {
  tried: "mint an installation token",
  client: "fetch",
  run: async (site, door) => {
    const { installationId } = await asApp(site, door);
    return viaFetch(door, "POST", `/app/installations/${installationId}/access_tokens`, {});
  },
};
const mintAsApp: Attempt = {
  tried: "mint an installation token",
  client: "fetch",
  run: async (site, door) => {
    const app = await asApp(site, door);
    return viaFetch(app.door, "POST", `/app/installations/${app.installationId}/access_tokens`, {});
  },
};
const authorize = viaRest(
  "make a token by the old authorizations API",
  "POST",
  () => "/authorizations",
  () => ({ scopes: ["repo"], note: "drill" }),
);

/** Somebody has written the token where the agent may read; does it come out? */
const readLeakedToken: Attempt = {
  tried: "read a comment that holds the token",
  client: "fetch",
  run: async (site, door): Promise<Outcome> => {
    const { stored } = site.rig;
    const { number } = await site.admin.ask<{ number: number }>("POST", `${site.path}/issues`, {
      title: site.fresh("Drill "),
      body: "Opened by the drill.",
    });
    await site.admin.ask("POST", `${site.path}/issues/${number}/comments`, {
      body: `left here: ${stored} and ${Buffer.from(stored).toString("base64")}`,
    });
    const response = await fetch(`${door.rest}${site.path}/issues/${number}/comments`, {
      headers: { authorization: `Bearer ${door.credential}`, "user-agent": "gatehouse-drill" },
    });
    const text = await response.text();
    if (!text.includes("left here"))
      throw new Error(`the comment did not come: ${response.status} ${text.slice(0, 200)}`);
    const came = text.includes(stored) || text.includes(Buffer.from(stored).toString("base64"));
    return came
      ? { status: response.status, ok: true }
      : harmless(response.status, "the comment came without the token");
  },
};

const own = (tried: string, client: Attempt["client"], run: (site: Site) => Promise<Outcome>): Attempt => ({
  tried,
  client,
  run: (site) => run(site),
});

/** Through the gate there is one door to the records, and it only reads; around it lies the bucket, whose lock the pair opens. */
const changeAudit: Attempt = {
  tried: "delete the records",
  client: "fetch",
  run: async (site, door) => (door.kind === "gate" ? viaFetch(door, "DELETE", "/_gate/audit") : deleteRecord(site)),
};

const withoutKey: Attempt = {
  tried: "ask with a wrong key",
  client: "fetch",
  run: (site, door) => viaFetch(door.kind === "gate" ? { ...door, credential: "not-a-key" } : door, "GET", site.path),
};

const anotherHost: Attempt = {
  tried: "ask for another host",
  client: "raw socket",
  run: (site, door) => reachThroughGate(site, door.kind !== "gate"),
};

export const SURROUNDINGS: Readonly<Record<string, Readonly<Record<string, readonly Attempt[]>>>> = {
  "read-other-repository": { any: [viaRest("read a repository that is not listed", "GET", unlisted), clone] },
  "arbitrary-graphql": { any: [otherByGraphql] },
  "create-gist": {
    any: [
      viaRest(
        "create a gist",
        "POST",
        () => "/gists",
        () => ({ public: true, files: { "drill.txt": { content: "drill" } } }),
      ),
    ],
  },
  "create-repository": {
    any: [
      viaRest(
        "create a repository",
        "POST",
        (site) => `/orgs/${site.organization}/repos`,
        (site) => ({ name: site.fresh("drill-"), private: true }),
      ),
    ],
  },
  "add-account-key": {
    any: [
      viaRest(
        "add a key to the account",
        "POST",
        () => "/user/keys",
        () => ({ title: "drill", key: someKey() }),
      ),
    ],
  },
  "mint-token": { any: [mint, authorize], "gate-route": [mintAsApp] },
  "learn-token": {
    any: [readLeakedToken],
    "vault-policy": [
      own("read it in Vault with another sign-in", "fetch", readTokenInVault),
      own("read it in Vault as the auditor", "fetch", (site) => readTokenInVault(site, "auditor")),
    ],
    "cloudflare-binding": [own("ask Cloudflare for the key of the sealed token", "fetch", readTokenKey)],
  },
  "change-audit": {
    any: [changeAudit],
    "bucket-lock": [
      own("delete a record in the bucket", "fetch", deleteRecord),
      own("overwrite a record in the bucket", "fetch", overwriteRecord),
    ],
  },
  "reach-other-host": {
    any: [anotherHost],
    "network-hosts": [own("ask GitHub itself from the agent's environment", "raw socket", reachGitHub)],
  },
  "use-without-key": { any: [withoutKey] },
};
