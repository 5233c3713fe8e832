import { names } from "../../../infra/model";
import type { Outcome } from "../door";
import { harmless, need, type Site } from "./site";

async function cloudflare(
  site: Site,
  method: string,
  path: string,
  body?: string | FormData,
  type?: string,
): Promise<{ status: number; text: string }> {
  const { api, token, accountId } = site.rig.keepers.cloudflare;
  const response = await fetch(`${api}/accounts/${accountId}/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(type ? { "content-type": type } : {}) },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, text: await response.text() };
}

/** A call of the account's API. @throws Error when it is refused */
export async function must(
  site: Site,
  method: string,
  path: string,
  body?: string | FormData,
  type?: string,
): Promise<string> {
  const { status, text } = await cloudflare(site, method, path, body, type);
  if (status >= 400) throw new Error(`Cloudflare answered ${status} to ${method} ${path}: ${text}`);
  return text;
}

const bucket = (site: Site): string => `r2/buckets/${names(site.environment).auditBucket}`;
const said = (text: string): string => {
  try {
    return (
      (JSON.parse(text) as { errors?: { message: string }[] }).errors?.map(({ message }) => message).join(" ") ??
      "refused"
    );
  } catch {
    return "refused";
  }
};

/** Deletes a record from the audit bucket with the account's own token. The record is the drill's, so that the chain of real ones stays whole. */
export async function deleteRecord(site: Site): Promise<Outcome> {
  const object = `${bucket(site)}/objects/audit/drill-${site.fresh("")}.jsonl`;
  await must(site, "PUT", object, "{}\n", "application/json");
  site.afterwards(() =>
    withoutLock(site, async () => {
      await cloudflare(site, "DELETE", object);
    }),
  );
  const { status, text } = await cloudflare(site, "DELETE", object);
  return status < 400 ? { status, ok: true } : harmless(status, said(text));
}

/** Overwrites one. */
export async function overwriteRecord(site: Site): Promise<Outcome> {
  const object = `${bucket(site)}/objects/audit/drill-${site.fresh("")}.jsonl`;
  await must(site, "PUT", object, "{}\n", "application/json");
  site.afterwards(() =>
    withoutLock(site, async () => {
      await cloudflare(site, "DELETE", object);
    }),
  );
  const { status, text } = await cloudflare(site, "PUT", object, '{"changed":true}\n', "application/json");
  return status < 400 ? { status, ok: true } : harmless(status, said(text));
}

async function withoutLock(site: Site, act: () => Promise<void>): Promise<void> {
  const path = `${bucket(site)}/lock`;
  const rules = (JSON.parse(await must(site, "GET", path)) as { result: { rules: unknown[] } }).result.rules;
  if (rules.length > 0) await must(site, "PUT", path, JSON.stringify({ rules: [] }), "application/json");
  await act();
  if (rules.length > 0) await must(site, "PUT", path, JSON.stringify({ rules }), "application/json");
}

export async function openBucket(site: Site): Promise<void> {
  const path = `${bucket(site)}/lock`;
  const { result } = JSON.parse(await must(site, "GET", path)) as { result: { rules: unknown[] } };
  await must(site, "PUT", path, JSON.stringify({ rules: [] }), "application/json");
  site.afterwards(async () => {
    await must(site, "PUT", path, JSON.stringify(result), "application/json");
  });
}

interface Binding {
  readonly name: string;
  readonly type: string;
  readonly text?: string;
}
const settings = (site: Site): string => `workers/scripts/${names(site.environment).gateScript}/settings`;
const KEY = "TOKEN_KEY";

/** Asks the account's API for the key under which the token lies encrypted. */
export async function readTokenKey(site: Site): Promise<Outcome> {
  const { status, text } = await cloudflare(site, "GET", settings(site));
  const { result } = JSON.parse(text) as { result: { bindings: Binding[] } };
  const binding = need(
    result.bindings.find(({ name }) => name === KEY),
    `binding ${KEY}`,
  );
  return binding.text === undefined
    ? harmless(status, `${KEY} is a ${binding.type} without its text`)
    : { status, ok: true };
}

/** Declares the key as plain text, as somebody would who does not know better. */
export async function showTokenKey(site: Site): Promise<void> {
  const key = need(site.rig.keepers.cloudflare.tokenKey, "TOKEN_KEY of the deployment");
  const { result } = JSON.parse(await must(site, "GET", settings(site))) as { result: { bindings: Binding[] } };
  const set = async (type: string): Promise<void> => {
    const form = new FormData();
    const bindings = result.bindings.map(({ name }) =>
      name === KEY ? { name, type, text: key } : { name, type: "inherit" },
    );
    form.set("settings", new Blob([JSON.stringify({ bindings })], { type: "application/json" }));
    await must(site, "PATCH", settings(site), form);
  };
  await set("plain_text");
  site.afterwards(() => set("secret_text"));
}
