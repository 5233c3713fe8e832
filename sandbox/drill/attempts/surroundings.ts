import { createSign } from "node:crypto";
import { type Connection, type Outcome, viaFetch, viaRawPath } from "../connection";
import { deleteRecord, overwriteRecord, readTokenKey } from "../cloudflare";
import { reachGitHub, reachThroughGate } from "../network";
import { harmless, Fixture } from "../fixture";
import { readTokenInVault } from "../vault";
import { type Attempt, viaRest } from "./kit";
import { someKey } from "./settings";

const unlisted = (fixture: Fixture): string => `/repos/${fixture.organization}/${Fixture.UNLISTED}`;

const readUnlisted = viaRest("read a repository that is not listed", "GET", unlisted);
const clone: Attempt = {
  tried: "clone it",
  client: "git",
  run: async (fixture, connection) =>
    (await fixture.workingCopy).clone(connection, `${fixture.organization}/${Fixture.UNLISTED}`),
};
const branches: Attempt = {
  tried: "list its branches with git",
  client: "git",
  run: async (fixture, connection) =>
    (await fixture.workingCopy).list(connection, `${fixture.organization}/${Fixture.UNLISTED}`),
};

/** The path reaches the gate as written; whoever resolved the dots would ask for the repository that is not listed. */
const dotSegments: Attempt = {
  tried: "reach it through dot segments",
  client: "raw socket",
  run: (fixture, connection) => {
    const { organization, environment } = fixture;
    return connection.kind === "gate"
      ? viaRawPath(
          connection,
          "GET",
          `/repos/${organization}/${environment.repositories[0]?.name ?? ""}/../${Fixture.UNLISTED}`,
        )
      : viaFetch(connection, "GET", unlisted(fixture));
  },
};
const otherOrganization: Attempt = {
  ...viaRest("read another organization's repository", "GET", () => `/repos/${Fixture.FOREIGN}`),
  noCounterproof: "another organization opens its repositories, or does not",
};

const graphql = (tried: string, query: (fixture: Fixture) => string): Attempt =>
  viaRest(
    tried,
    "POST",
    () => "/graphql",
    (fixture) => ({ query: query(fixture) }),
  );
const otherByGraphql = graphql(
  "ask GraphQL for a repository that is not listed",
  (fixture) =>
    `query { repository(owner: "${fixture.organization}", name: "${Fixture.UNLISTED}") { name visibility } }`,
);

const everything = graphql(
  "list everything the account can see",
  () => "query { viewer { repositories(first: 100) { nodes { nameWithOwner } } } }",
);

/** The App's own key signs; whoever has it needs no user's token. */
async function asApp(
  fixture: Fixture,
  connection: Connection,
): Promise<{ connection: Connection; installationId: number }> {
  const app = await fixture.harness.control<{ id: number; pem: string; installationId: number }>("GET", "/app");
  if (connection.kind === "gate") return { connection, installationId: app.installationId };
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const text = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iat: now - 10, exp: now + 300, iss: String(app.id) })}`;
  return {
    connection: {
      ...connection,
      credential: `${text}.${createSign("RSA-SHA256").update(text).sign(app.pem, "base64url")}`,
    },
    installationId: app.installationId,
  };
}

const mint: Attempt = {
  tried: "mint an installation token",
  client: "fetch",
  noCounterproof: "only the App's own key mints",
  run: async (fixture, connection) => {
    const { installationId } = await asApp(fixture, connection);
    return viaFetch(connection, "POST", `/app/installations/${installationId}/access_tokens`, {});
  },
};
const mintAsApp: Attempt = {
  tried: "mint an installation token with the App's key",
  client: "fetch",
  run: async (fixture, connection) => {
    const app = await asApp(fixture, connection);
    return viaFetch(app.connection, "POST", `/app/installations/${app.installationId}/access_tokens`, {});
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
  run: async (fixture, connection): Promise<Outcome> => {
    const { stored } = fixture.harness;
    const { number } = await fixture.admin.ask<{ number: number }>("POST", `${fixture.path}/issues`, {
      title: fixture.fresh("Drill "),
      body: "Opened by the drill.",
    });
    await fixture.admin.ask("POST", `${fixture.path}/issues/${number}/comments`, {
      body: `left here: ${stored} and ${Buffer.from(stored).toString("base64")}`,
    });
    const response = await fetch(`${connection.rest}${fixture.path}/issues/${number}/comments`, {
      headers: { authorization: `Bearer ${connection.credential}`, "user-agent": "gatehouse-drill" },
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

const own = (tried: string, client: Attempt["client"], run: (fixture: Fixture) => Promise<Outcome>): Attempt => ({
  tried,
  client,
  run: (fixture) => run(fixture),
});

/**
 * Through the gate there is one connection to the records, and it only reads; around it lies the bucket, whose lock the
 * pair opens.
 */
const changeAudit: Attempt = {
  tried: "delete the records",
  client: "fetch",
  run: async (fixture, connection) =>
    connection.kind === "gate" ? viaFetch(connection, "DELETE", "/_gate/audit") : deleteRecord(fixture),
};

const withoutKey: Attempt = {
  tried: "ask with a wrong key",
  client: "fetch",
  run: (fixture, connection) =>
    viaFetch(connection.kind === "gate" ? { ...connection, credential: "not-a-key" } : connection, "GET", fixture.path),
};

const anotherHost: Attempt = {
  tried: "ask for another host",
  client: "raw socket",
  run: (fixture, connection) => reachThroughGate(fixture, connection.kind !== "gate"),
};

export const SURROUNDINGS: Readonly<Record<string, Readonly<Record<string, readonly Attempt[]>>>> = {
  "read-other-repository": {
    any: [readUnlisted, clone, branches],
    "gate-repository": [readUnlisted, clone, branches, dotSegments, otherOrganization],
  },
  "arbitrary-graphql": { any: [otherByGraphql], "gate-graphql": [otherByGraphql, everything] },
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
        (fixture) => `/orgs/${fixture.organization}/repos`,
        (fixture) => ({ name: fixture.fresh("drill-"), private: true }),
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
  "mint-token": { any: [mint, authorize], "gate-route": [mint, mintAsApp] },
  "learn-token": {
    any: [readLeakedToken],
    "vault-policy": [
      own("read it in Vault with another sign-in", "fetch", readTokenInVault),
      own("read it in Vault as the auditor", "fetch", (fixture) => readTokenInVault(fixture, "auditor")),
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
