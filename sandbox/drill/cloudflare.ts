import { names } from "../../infra/model";
import type { Outcome } from "./connection";
import { harmless, need, type Fixture } from "./fixture";

async function cloudflare(
  fixture: Fixture,
  method: string,
  path: string,
  body?: string | FormData,
  type?: string,
): Promise<{ status: number; text: string }> {
  const { api, token, accountId } = fixture.harness.systems.cloudflare;
  const response = await fetch(`${api}/accounts/${accountId}/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(type ? { "content-type": type } : {}) },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, text: await response.text() };
}

/** A call of the account's API. @throws Error when it is refused */
export async function must(
  fixture: Fixture,
  method: string,
  path: string,
  body?: string | FormData,
  type?: string,
): Promise<string> {
  const { status, text } = await cloudflare(fixture, method, path, body, type);
  if (status >= 400) throw new Error(`Cloudflare answered ${status} to ${method} ${path}: ${text}`);
  return text;
}

const bucket = (fixture: Fixture): string => `r2/buckets/${names(fixture.environment).auditBucket}`;
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

/**
 * Deletes a record from the audit bucket with the account's own token. The record is the drill's, so that the chain of
 * real ones stays whole.
 */
export async function deleteRecord(fixture: Fixture): Promise<Outcome> {
  const object = `${bucket(fixture)}/objects/audit/drill-${fixture.fresh("")}.jsonl`;
  await must(fixture, "PUT", object, "{}\n", "application/json");
  fixture.afterwards(() =>
    withoutLock(fixture, async () => {
      await cloudflare(fixture, "DELETE", object);
    }),
  );
  const { status, text } = await cloudflare(fixture, "DELETE", object);
  return status < 400 ? { status, ok: true } : harmless(status, said(text));
}

/** Overwrites one. */
export async function overwriteRecord(fixture: Fixture): Promise<Outcome> {
  const object = `${bucket(fixture)}/objects/audit/drill-${fixture.fresh("")}.jsonl`;
  await must(fixture, "PUT", object, "{}\n", "application/json");
  fixture.afterwards(() =>
    withoutLock(fixture, async () => {
      await cloudflare(fixture, "DELETE", object);
    }),
  );
  const { status, text } = await cloudflare(fixture, "PUT", object, '{"changed":true}\n', "application/json");
  return status < 400 ? { status, ok: true } : harmless(status, said(text));
}

async function withoutLock(fixture: Fixture, act: () => Promise<void>): Promise<void> {
  const path = `${bucket(fixture)}/lock`;
  const rules = (JSON.parse(await must(fixture, "GET", path)) as { result: { rules: unknown[] } }).result.rules;
  if (rules.length > 0) await must(fixture, "PUT", path, JSON.stringify({ rules: [] }), "application/json");
  await act();
  if (rules.length > 0) await must(fixture, "PUT", path, JSON.stringify({ rules }), "application/json");
}

export async function openBucket(fixture: Fixture): Promise<void> {
  const path = `${bucket(fixture)}/lock`;
  const { result } = JSON.parse(await must(fixture, "GET", path)) as { result: { rules: unknown[] } };
  await must(fixture, "PUT", path, JSON.stringify({ rules: [] }), "application/json");
  fixture.afterwards(async () => {
    await must(fixture, "PUT", path, JSON.stringify(result), "application/json");
  });
}

interface Binding {
  readonly name: string;
  readonly type: string;
  readonly text?: string;
}
const settings = (fixture: Fixture): string => `workers/scripts/${names(fixture.environment).gateScript}/settings`;
const KEY = "TOKEN_KEY";

/** Asks the account's API for the key under which the token lies encrypted. */
export async function readTokenKey(fixture: Fixture): Promise<Outcome> {
  const { status, text } = await cloudflare(fixture, "GET", settings(fixture));
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
export async function showTokenKey(fixture: Fixture): Promise<void> {
  const key = need(fixture.harness.systems.cloudflare.tokenKey, "TOKEN_KEY of the deployment");
  const { result } = JSON.parse(await must(fixture, "GET", settings(fixture))) as { result: { bindings: Binding[] } };
  const set = async (type: string): Promise<void> => {
    const form = new FormData();
    const bindings = result.bindings.map(({ name }) =>
      name === KEY ? { name, type, text: key } : { name, type: "inherit" },
    );
    form.set("settings", new Blob([JSON.stringify({ bindings })], { type: "application/json" }));
    await must(fixture, "PATCH", settings(fixture), form);
  };
  await set("plain_text");
  fixture.afterwards(() => set("secret_text"));
}
