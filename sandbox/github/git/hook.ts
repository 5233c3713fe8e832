import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What the pre-receive hook asks the stand-in: the updates, and where git keeps the pushed objects meanwhile. */
export interface HookQuestion {
  nonce: string;
  updates: string;
  env: Record<string, string>;
}
export interface HookAnswer {
  ok: boolean;
  message: string;
}

// Runs in a process of its own that git starts, so it is plain JavaScript in one file.
const SCRIPT = `"use strict";
const chunks = [];
process.stdin.on("data", (c) => chunks.push(c));
process.stdin.on("end", () => {
  const env = {};
  for (const name of ["GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH"]) if (process.env[name]) env[name] = process.env[name];
  const body = JSON.stringify({ nonce: process.env.GATEHOUSE_PUSH, updates: Buffer.concat(chunks).toString(), env });
  const options = { method: "POST", headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) } };
  const request = require("node:http").request(process.env.GATEHOUSE_HOOK_URL, options, (response) => {
    let text = "";
    response.on("data", (c) => (text += c));
    response.on("end", () => {
      let answer = { ok: false, message: "the rules could not be checked" };
      try { answer = JSON.parse(text); } catch {}
      if (answer.message) process.stderr.write(answer.message + "\\n");
      process.exit(answer.ok === true ? 0 : 1);
    });
  });
  request.on("error", () => process.exit(1)); // no answer is a refusal
  request.end(body);
});
`;

/** Writes the hooks folder that every repository uses. @returns its path */
export async function writeHooks(dir: string): Promise<string> {
  const hooks = join(dir, "hooks");
  await mkdir(hooks, { recursive: true });
  await writeFile(join(hooks, "pre-receive.js"), SCRIPT);
  await writeFile(
    join(hooks, "pre-receive"),
    `#!/bin/sh\nexec "${process.execPath}" "$(dirname "$0")/pre-receive.js"\n`,
  );
  await chmod(join(hooks, "pre-receive"), 0o755);
  return hooks;
}
