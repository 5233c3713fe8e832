import { viaFetch } from "../../door";
import { harmless, type Site } from "../site";
import { type Attempt, viaRest } from "./kit";

/** A public key in the right form; nobody has its other half. */
export const someKey = (): string => {
  const field = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from("ssh-ed25519")), field(Buffer.alloc(32, 7))]).toString("base64")}`;
};

const at =
  (rest: string) =>
  (site: Site): string =>
    `${site.path}${rest}`;

const changeRules: Attempt = {
  tried: "change the rules",
  client: "fetch",
  run: async (site, door) => {
    const [first] = await site.admin.ask<{ id: number }[]>("GET", `${site.path}/rulesets?includes_parents=false`);
    return first
      ? viaFetch(door, "DELETE", `${site.path}/rulesets/${first.id}`)
      : viaFetch(door, "POST", `${site.path}/rulesets`, {
          name: site.fresh("drill-"),
          target: "branch",
          enforcement: "disabled",
          conditions: { ref_name: { include: ["~ALL"], exclude: [] } },
          rules: [{ type: "deletion" }],
        });
  },
};

const SECRET = "DRILL_SECRET";
const VALUE = "not for reading";

async function placeSecret(site: Site): Promise<void> {
  const { key_id } = await site.admin.ask<{ key_id: string }>("GET", `${site.path}/actions/secrets/public-key`);
  await site.admin.ask("PUT", `${site.path}/actions/secrets/${SECRET}`, {
    encrypted_value: Buffer.from(VALUE).toString("base64"),
    key_id,
  });
}
async function placeVariable(site: Site): Promise<void> {
  await site.admin.ask("POST", `${site.path}/actions/variables`, { name: site.fresh("DRILL_"), value: "drill" });
}

const listSecrets: Attempt = {
  tried: "list the secrets",
  client: "fetch",
  run: async (site, door) => {
    await placeSecret(site);
    return viaFetch(door, "GET", `${site.path}/actions/secrets`);
  },
};
const listVariables: Attempt = {
  tried: "list the variables",
  client: "fetch",
  run: async (site, door) => {
    await placeVariable(site);
    return viaFetch(door, "GET", `${site.path}/actions/variables`);
  },
};

const readValue: Attempt = {
  tried: "read a secret's value",
  client: "fetch",
  run: async (site, door) => {
    await placeSecret(site);
    const response = await fetch(`${door.rest}${site.path}/actions/secrets/${SECRET}`, {
      headers: { authorization: `Bearer ${door.credential}`, "user-agent": "gatehouse-drill" },
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
    any: [viaRest("transfer it to itself", "POST", at("/transfer"), (site) => ({ new_owner: site.machineUser }))],
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
      viaRest("publish pages", "POST", at("/pages"), (site) => ({ source: { branch: site.defaultBranch, path: "/" } })),
    ],
  },
  "read-secret": { any: [listSecrets, listVariables], "github-write-only": [readValue] },
  "fork-repository": { any: [viaRest("fork", "POST", at("/forks"), () => ({}))] },
};
