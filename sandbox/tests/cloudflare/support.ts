import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveAccount, type Cloudflare } from "../../cloudflare";
import { Account } from "../../cloudflare/state";

export const ACCOUNT = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1";
export const ZONE = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2";

/** The parsed envelope of one API answer. */
interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: {
    success: boolean;
    errors: { code: number; message: string }[];
    result: unknown;
    result_info?: Record<string, unknown>;
  };
}

/** A stand-in for one test file, and short forms of the calls tests make. */
export interface TestCloudflare {
  readonly running: Cloudflare;
  readonly account: Account;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Uploads a script of one module the way the real provider does. */
  upload(name: string, source: string, metadata?: Record<string, unknown>): Promise<Answer>;
  /** A request to a script's public listener. */
  knock(script: string, path?: string, init?: RequestInit): Promise<Response>;
}

/** Registers hooks that start one stand-in for the file and end it; `prepare` may fill the account first. */
export function useCloudflare(prepare: (account: Account) => void = () => undefined): TestCloudflare {
  let running: Cloudflare | undefined;
  let dataDir = "";
  const account = new Account(ACCOUNT, "acme", [{ id: ZONE, name: "example.com" }]);
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "gatehouse-cloudflare-"));
    prepare(account);
    running = await serveAccount(account, { dataDir });
  }, 60_000);
  afterAll(async () => {
    await running?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
  const up = (): Cloudflare => {
    if (running === undefined) throw new Error("The stand-in is there from beforeAll on.");
    return running;
  };
  const call: TestCloudflare["call"] = async (method, path, body, headers = {}) => {
    const json =
      body === undefined || body instanceof FormData || typeof body === "string" ? undefined : JSON.stringify(body);
    const response = await fetch(
      `${up().api}/${path.replace("{a}", `accounts/${ACCOUNT}`).replace("{z}", `zones/${ZONE}`)}`,
      {
        method,
        body: json ?? (body as FormData | string | undefined) ?? null,
        headers: {
          authorization: `Bearer ${up().token}`,
          ...(json === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
      },
    );
    const text = await response.text();
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      parsed = undefined;
    }
    return { status: response.status, headers: response.headers, text, body: parsed as Answer["body"] };
  };
  return {
    get running() {
      return up();
    },
    account,
    call,
    upload: (name, source, metadata = {}) => call("PUT", `{a}/workers/scripts/${name}`, uploadForm(source, metadata)),
    knock: (script, path = "/", init = {}) => fetch(`${up().gateUrl(script)}${path}`, init),
  };
}

export function uploadForm(source: string, metadata: Record<string, unknown> = {}): FormData {
  const form = new FormData();
  form.append("index.js", new File([source], "index.js", { type: "application/javascript+module" }));
  form.append("metadata", JSON.stringify({ main_module: "index.js", compatibility_date: "2026-03-01", ...metadata }));
  return form;
}
