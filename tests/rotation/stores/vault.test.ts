import { createSign, generateKeyPairSync } from "node:crypto";
import { contextFor } from "../../../cli/token/context";
import { names } from "../../../infra/model";
import { ciClaims, rotatorStorePlan, tokenStorePlan, vaultNamespace } from "../../../infra/plans";
import { ambientEffects } from "../../../rotation/effects";
import { appJwt, checkAppKey } from "../../../rotation/minters/appJwt";
import { planRotation } from "../../../rotation/plan";
import { minterRecord, minterSecretsIn } from "../../../rotation/stores/minterSecrets";
import { VaultCell, vaultStore } from "../../../rotation/stores/vault";
import { VaultSession } from "../../../rotation/stores/vaultSession";
import { environment } from "../../support/environment";
import { until } from "../../support/until";
import { useVault } from "../../support/vault";

/** The gate's own reader; its types belong to the Workers runtime, so it is loaded without them. */
// oxlint-disable-next-line typescript/no-require-imports -- see above
const { TokenSource } = require("../../../gate/worker/upstream/token") as {
  TokenSource: new (
    env: object,
    cacheSeconds: number,
  ) => { read(background: { waitUntil(): void }): Promise<{ value: string }> };
};
const BACKGROUND = { waitUntil: () => undefined };
const gateReads = async (env: object): Promise<string> => {
  const real = globalThis.fetch;
  // Node's streams lack the Workers runtime's readAtLeast, which the gate uses where a length is declared.
  globalThis.fetch = async (...request) => {
    const answer = await real(...request);
    const headers = new Headers(answer.headers);
    headers.delete("content-length");
    return new Response(await answer.arrayBuffer(), { status: answer.status, headers });
  };
  try {
    return (await new TokenSource(env, 5).read(BACKGROUND)).value;
  } finally {
    globalThis.fetch = real;
  }
};

const vault = useVault();
const session = (namespace?: string) =>
  new VaultSession(ambientEffects(), vault.server.addr, { kind: "token", token: vault.server.token }, namespace);

async function inside(namespace: string, method: string, path: string, body?: unknown) {
  const response = await fetch(`${vault.server.addr}/v1/${path}`, {
    method,
    headers: { "x-vault-token": vault.server.token, ...(namespace === "" ? {} : { "x-vault-namespace": namespace }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} in "${namespace}": ${response.status} ${text}`);
  return (text === "" ? {} : JSON.parse(text)) as { data: Record<string, string> };
}

/** A fresh engine upgrades itself first, and takes nothing meanwhile. */
const upgraded = (namespace: string): Promise<boolean> =>
  until("the fresh engine", () =>
    inside(namespace, "POST", "agents/config", { max_versions: 10 }).then(
      () => true,
      () => false,
    ),
  );

beforeAll(async () => {
  await inside("", "POST", "sys/mounts/agents", { type: "kv", options: { version: "2" } });
  await upgraded("");
}, 60_000);

describe("notes beside the token", () => {
  const cell = () => new VaultCell(session(), "agents", "github/claude-bot");
  const notes = async () => (await cell().facts())?.notes;

  it("are written for a token that does not expire, and take an earlier date away", async () => {
    await cell().write({ token: "one" }, 0);
    await cell().annotate({ state: "current", expires_at: "2026-07-01T00:00:00Z", rotation_id: "a" });
    expect(await notes()).toEqual({ state: "current", expires_at: "2026-07-01T00:00:00Z", rotation_id: "a" });
    await cell().annotate({ state: "current", expires_at: "", rotation_id: "b" });
    expect(await notes()).toEqual({ state: "current", rotation_id: "b" });
  });

  it.each(["state", "rotated_at", "token_sha256", "rotation_id"])("keep the others when %s is empty", async (name) => {
    await cell().annotate({ kept: "yes", [name]: "" });
    expect(await notes()).toMatchObject({ kept: "yes" });
    expect(Object.keys((await notes()) ?? {})).not.toContain(name);
  });
});

describe("the workflow's claims", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const token = (claims: object) => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const now = Math.floor(Date.now() / 1000);
    const text = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iss: "ci", sub: "s", iat: now, exp: now + 300, ...claims })}`;
    return `${text}.${createSign("RSA-SHA256").update(text).sign(privateKey, "base64url")}`;
  };

  it.each(["docs", "Docs", "DOCS"])("let the listed repository sign in, written as %s", async (repository) => {
    const posture = environment({ "rotation.repository": repository });
    expect(planRotation(posture).repository).toBe("docs");
    const mount = `ci-${repository}`;
    await inside("", "POST", `sys/auth/${mount}`, { type: "jwt" });
    await inside("", "POST", `auth/${mount}/config`, {
      jwt_validation_pubkeys: [publicKey.export({ type: "spki", format: "pem" })],
      bound_issuer: "ci",
    });
    await inside("", "POST", `auth/${mount}/role/rotator`, {
      role_type: "jwt",
      user_claim: "sub",
      bound_audiences: ["gatehouse"],
      bound_claims: ciClaims(posture),
    });
    const claims = { aud: "gatehouse", repository: "acme/docs", ref: "refs/heads/main" };
    const login = new VaultSession(ambientEffects(), vault.server.addr, {
      kind: "jwt",
      mount,
      role: "rotator",
      jwt: () => Promise.resolve(token(claims)),
    });
    expect((await login.send("GET", "auth/token/lookup-self", "look itself up")).status).toBe(200);
  });
});

describe("the App's key", () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = (type: "pkcs1" | "pkcs8") => String(privateKey.export({ type, format: "pem" }));

  it.each([
    ["line breaks in letters", pem("pkcs1").replaceAll("\n", "\\n")],
    ["carriage returns in letters", pem("pkcs8").replaceAll("\n", "\\r\\n")],
    ["carriage returns", pem("pkcs1").replaceAll("\n", "\r\n")],
    ["no line breaks", pem("pkcs8").replaceAll("\n", "")],
  ])("is placed, read back and used: %s", async (name, text) => {
    const cell = new VaultCell(session(), "agents", `minter/${name.replaceAll(" ", "-")}`);
    await cell.write(minterRecord("app-installation", text), 0);
    const { appPrivateKey = "" } = minterSecretsIn((await cell.read()).data);
    expect(appPrivateKey).not.toMatch(/\\[rn]/);
    expect((await appJwt(1, appPrivateKey, Date.now())).split(".")).toHaveLength(3);
    expect((await appJwt(1, text, Date.now())).split(".")).toHaveLength(3); // by an environment variable
  });

  it.each([
    ["no PEM", "hello"],
    [
      "something else between its lines",
      "-----BEGIN RSA PRIVATE KEY-----\n*** secret ***\n-----END RSA PRIVATE KEY-----",
    ],
    ["broken base64", "-----BEGIN RSA PRIVATE KEY-----\nabcde\n-----END RSA PRIVATE KEY-----"],
    [
      "an encrypted key",
      String(privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })),
    ],
  ])("is refused before it is placed: %s", (_name, text) => {
    expect(() => minterRecord("app-installation", text)).toThrow("must be a PEM");
  });

  it.each([
    ["base64 that is no key", "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----"],
    [
      "a key of another kind",
      String(generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" })),
    ],
  ])("is tried before it is placed: %s", async (_name, text) => {
    await expect(checkAppKey(text)).rejects.toThrow("with an RSA key in it");
  });
});

describe("a namespace", () => {
  const NAMESPACE = "platform/agents";
  let roleId = "";
  let secretId = "";

  beforeAll(async () => {
    await inside("", "POST", "sys/namespaces/platform", {});
    await inside("platform", "POST", "sys/namespaces/agents", {});
    await inside(NAMESPACE, "POST", "sys/mounts/agents", { type: "kv", options: { version: "2" } });
    await inside(NAMESPACE, "PUT", "sys/policies/acl/gate", {
      policy: 'path "agents/data/github/claude-bot" { capabilities = ["read"] }',
    });
    await inside(NAMESPACE, "POST", "sys/auth/gatehouse-gate", { type: "approle" });
    await inside(NAMESPACE, "POST", "auth/gatehouse-gate/role/claude-bot", { token_policies: "gate" });
    roleId = (await inside(NAMESPACE, "GET", "auth/gatehouse-gate/role/claude-bot/role-id")).data.role_id ?? "";
    secretId = (await inside(NAMESPACE, "POST", "auth/gatehouse-gate/role/claude-bot/secret-id")).data.secret_id ?? "";
    await upgraded(NAMESPACE);
    await vaultStore(session(NAMESPACE), "agents", "github/claude-bot").token.write(
      { token: "token-of-the-namespace", expires_at: "" },
      0,
    );
  }, 60_000);

  const declared = environment({ "tokenStore.namespace": NAMESPACE });
  const undeclared = environment();

  it("comes from the environment, and from VAULT_NAMESPACE where that is silent", () => {
    expect(vaultNamespace(declared, "other")).toBe(NAMESPACE);
    expect(vaultNamespace(undeclared, "/platform/agents/")).toBe(NAMESPACE);
    expect(vaultNamespace(undeclared, "")).toBeUndefined();
    expect(vaultNamespace(environment({ tokenStore: { kind: "kv" } }), "x")).toBeUndefined();
    expect(tokenStorePlan(undeclared, "https://v")).not.toHaveProperty("namespace");
    expect(rotatorStorePlan(declared, "https://v")).toMatchObject({ namespace: NAMESPACE });
  });

  it.each(["/platform", "platform/", "a//b", "a b"])("is refused in the form %j", (namespace) => {
    expect(() => environment({ "tokenStore.namespace": namespace })).toThrow("gatehouse:tokenStore.namespace: ");
  });

  it.each([
    ["declared", declared, {}],
    ["by VAULT_NAMESPACE", undeclared, { VAULT_NAMESPACE: NAMESPACE }],
  ])("is where the commands look (%s)", async (_how, posture, more) => {
    const context = contextFor("dev", posture, ambientEffects(), {
      VAULT_ADDR: vault.server.addr,
      VAULT_TOKEN: vault.server.token,
      ...more,
    });
    expect((await (await context.store()).token.read()).data?.token).toBe("token-of-the-namespace");
  });

  it.each([
    ["declared", declared, undefined],
    ["by VAULT_NAMESPACE", undeclared, NAMESPACE],
  ])("is where the gate and the rotator sign in and read (%s)", async (_how, posture, ambient) => {
    const plan = tokenStorePlan(posture, vault.server.addr, ambient);
    expect(await gateReads({ TOKEN_STORE: { ...plan, roleId }, VAULT_SECRET_ID: secretId })).toBe(
      "token-of-the-namespace",
    );

    const at = rotatorStorePlan(posture, vault.server.addr, ambient);
    if (at.kind !== "vault") throw new Error("the store is Vault");
    const rotator = new VaultSession(
      ambientEffects(),
      at.address,
      { kind: "approle", mount: names(posture).vault!.appRole.mount, roleId, secretId },
      at.namespace,
    );
    expect((await vaultStore(rotator, at.mount, at.path).token.read()).data?.token).toBe("token-of-the-namespace");
  });

  it("is not the root: without it the role is unknown", async () => {
    const plan = tokenStorePlan(undeclared, vault.server.addr);
    await expect(gateReads({ TOKEN_STORE: { ...plan, roleId }, VAULT_SECRET_ID: secretId })).rejects.toThrow();
  });
});
