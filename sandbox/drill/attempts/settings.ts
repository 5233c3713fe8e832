import { viaFetch } from "../connection";
import { harmless, type Fixture } from "../fixture";
import { type Attempt, viaRest } from "./kit";

/** A public key in the right form; nobody has its other half. */
export const someKey = (): string => {
  const field = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from("ssh-ed25519")), field(Buffer.alloc(32, 7))]).toString("base64")}`;
};

const at =
  (rest: string) =>
  (fixture: Fixture): string =>
    `${fixture.path}${rest}`;

const changeRules: Attempt = {
  tried: "change the rules",
  client: "fetch",
  run: async (fixture, connection) => {
    const [first] = await fixture.admin.ask<{ id: number }[]>("GET", `${fixture.path}/rulesets?includes_parents=false`);
    return first
      ? viaFetch(connection, "DELETE", `${fixture.path}/rulesets/${first.id}`)
      : viaFetch(connection, "POST", `${fixture.path}/rulesets`, {
          name: fixture.fresh("drill-"),
          target: "branch",
          enforcement: "disabled",
          conditions: { ref_name: { include: ["~ALL"], exclude: [] } },
          rules: [{ type: "deletion" }],
        });
  },
};

const SECRET = "DRILL_SECRET";
const VALUE = "not for reading";

async function placeSecret(fixture: Fixture): Promise<void> {
  const { key_id } = await fixture.admin.ask<{ key_id: string }>("GET", `${fixture.path}/actions/secrets/public-key`);
  await fixture.admin.ask("PUT", `${fixture.path}/actions/secrets/${SECRET}`, {
    encrypted_value: Buffer.from(VALUE).toString("base64"),
    key_id,
  });
}
async function placeVariable(fixture: Fixture): Promise<void> {
  await fixture.admin.ask("POST", `${fixture.path}/actions/variables`, {
    name: fixture.fresh("DRILL_"),
    value: "drill",
  });
}

const listSecrets: Attempt = {
  tried: "list the secrets",
  client: "fetch",
  run: async (fixture, connection) => {
    await placeSecret(fixture);
    return viaFetch(connection, "GET", `${fixture.path}/actions/secrets`);
  },
};
const listVariables: Attempt = {
  tried: "list the variables",
  client: "fetch",
  run: async (fixture, connection) => {
    await placeVariable(fixture);
    return viaFetch(connection, "GET", `${fixture.path}/actions/variables`);
  },
};

const listAgentsSecrets: Attempt = {
  ...viaRest("list the secrets of agents", "GET", at("/agents/secrets")),
  noCounterproof: "the GitHub stand-in has no secrets of agents",
};

const readValue: Attempt = {
  tried: "read a secret's value",
  client: "fetch",
  run: async (fixture, connection) => {
    await placeSecret(fixture);
    const response = await fetch(`${connection.rest}${fixture.path}/actions/secrets/${SECRET}`, {
      headers: { authorization: `Bearer ${connection.credential}`, "user-agent": "gatehouse-drill" },
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`the secret's name was refused: ${response.status} ${text}`);
    return [VALUE, Buffer.from(VALUE).toString("base64")].some((value) => text.includes(value))
      ? { status: 200, ok: true }
      : harmless(200, "the answer has the name and no value");
  },
};

export const SETTINGS: Readonly<Record<string, Readonly<Record<string, readonly Attempt[]>>>> = {
  "administer-repository": { any: [viaRest("make it public", "PATCH", at(""), () => ({ private: false }))] },
  "delete-repository": { any: [viaRest("delete the repository", "DELETE", at(""))] },
  "transfer-repository": {
    any: [viaRest("transfer it to itself", "POST", at("/transfer"), (fixture) => ({ new_owner: fixture.machineUser }))],
  },
  "change-protection": { any: [changeRules] },
  "add-collaborator": {
    any: [viaRest("add a collaborator", "PUT", at("/collaborators/other-admin"), () => ({ permission: "push" }))],
  },
  "add-key": {
    any: [
      viaRest("add a deploy key", "POST", at("/keys"), () => ({ title: "drill", key: someKey(), read_only: false })),
    ],
  },
  "add-hook": {
    any: [
      viaRest("add a webhook", "POST", at("/hooks"), () => ({
        name: "web",
        config: { url: "http://127.0.0.1:9/drill" },
        events: ["push"],
      })),
    ],
  },
  publish: {
    any: [
      viaRest("publish pages", "POST", at("/pages"), (fixture) => ({
        source: { branch: fixture.defaultBranch, path: "/" },
      })),
    ],
  },
  "read-secret": {
    any: [listSecrets, listVariables],
    "gate-route": [listSecrets, listVariables, listAgentsSecrets],
    "github-write-only": [readValue],
  },
  "fork-repository": { any: [viaRest("fork", "POST", at("/forks"), () => ({}))] },
};
