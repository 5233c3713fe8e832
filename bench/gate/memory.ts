import { execFile } from "node:child_process";
import * as http from "node:http";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { BareRepository, git } from "../../tests/gate/support/repository";
import { run, type Contender } from "./contenders";
import { rssMb } from "./processes";
import { madeToken } from "./traffic";
import { gateRecipe, madeSecrets } from "./workers";

const MIB = 1024 * 1024;

/** Resident memory while something large passed. All in MB. */
export interface MemoryProfile {
  readonly bytes: number;
  readonly seconds: number;
  readonly before: number;
  readonly peak: number;
  /** Median of each quarter of the time: a flat profile does not rise from the second to the last. */
  readonly quarters: readonly number[];
  readonly outcome: string;
}

/**
 * Streams a clone of `bytes` through the gate, and pushes as much as `pushBytes` with real git, and samples its memory
 * meanwhile.
 */
export async function memoryProfiles(
  bytes: number,
  pushBytes: number,
): Promise<{ readonly clone: MemoryProfile; readonly push: MemoryProfile }> {
  const token = madeToken();
  const github = await startGitHub(token, bytes);
  const secrets = madeSecrets();
  try {
    const profile = async (
      work: (gate: Contender) => Promise<{ passed: number; outcome: string }>,
    ): Promise<MemoryProfile> => {
      const gate = await run("gate", (directory, port) => gateRecipe(directory, port, github.url, secrets));
      try {
        return await sampled(gate, () => work(gate));
      } finally {
        await gate.stop();
      }
    };
    const clone = await profile((gate) => fetchPack(gate));
    const push = await profile((gate) => pushFiles(gate, secrets.key, github, pushBytes));
    return { clone, push };
  } finally {
    await github.stop();
  }
}

async function sampled(
  gate: Contender,
  work: () => Promise<{ passed: number; outcome: string }>,
): Promise<MemoryProfile> {
  const pids = gate.pids();
  const before = rssMb(pids);
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(rssMb(pids)), 50);
  const began = performance.now();
  try {
    const { passed, outcome } = await work();
    const quarter = Math.max(1, Math.ceil(samples.length / 4));
    const median = (part: readonly number[]): number => [...part].sort((a, b) => a - b)[part.length >> 1] ?? Number.NaN;
    return {
      bytes: passed,
      seconds: (performance.now() - began) / 1000,
      before,
      peak: Math.max(before, ...samples),
      outcome,
      quarters: [0, 1, 2, 3].map((i) => median(samples.slice(i * quarter, (i + 1) * quarter))),
    };
  } finally {
    clearInterval(timer);
  }
}

const packet = (line: string): string => (line.length + 4).toString(16).padStart(4, "0") + line;

/** A fetch as git sends it; counts what comes back and keeps none of it. */
function fetchPack(gate: Contender): Promise<{ passed: number; outcome: string }> {
  const body = `${packet("command=fetch\n")}${packet("agent=git/2.47.0\n")}0001${packet(`want ${"1".repeat(40)}\n`)}${packet("done\n")}0000`;
  return new Promise((resolve, reject) => {
    const request = http.request(
      `${gate.url}/acme/api.git/git-upload-pack`,
      {
        method: "POST",
        agent: false,
        headers: {
          authorization: gate.headers["authorization"],
          "content-type": "application/x-git-upload-pack-request",
          "git-protocol": "version=2",
          "user-agent": "git/2.47.0",
        },
      },
      (response) => {
        let passed = 0;
        response.on("data", (part: Buffer) => (passed += part.length));
        response.on("end", () => resolve({ passed, outcome: `status ${response.statusCode}` }));
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

/** Pushes files that do not compress to a branch of the agent's, in one commit, with the real client. */
async function pushFiles(
  gate: Contender,
  key: string,
  github: GitHub,
  bytes: number,
): Promise<{ passed: number; outcome: string }> {
  const work = mkdtempSync(path.join(tmpdir(), "gate-bench-push-"));
  try {
    await git(work, "clone", "-q", github.repository.bare, "clone");
    const clone = path.join(work, "clone");
    await git(clone, "checkout", "-q", "-b", "claude/large");
    mkdirSync(path.join(clone, "data"));
    for (let i = 0; i * MIB < bytes; i++) writeFileSync(path.join(clone, "data", `${i}.bin`), randomBytes(MIB));
    await git(clone, "-c", "core.compression=0", "add", "-A");
    await git(clone, "commit", "-q", "-m", "Add data");
    const url = `${gate.url.replace("http://", `http://agent:${key}@`)}/acme/api.git`;
    const pushed = await push(clone, url);
    const arrived = github.repository.refs().includes("refs/heads/claude/large");
    return {
      passed: github.received(),
      outcome: arrived ? "pushed" : `not pushed: ${pushed.replaceAll(key, "(key)").slice(-300)}`,
    };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Pushes with the real client, however long it takes within ten minutes; what it said. */
function push(clone: string, url: string): Promise<string> {
  const environment = { PATH: process.env["PATH"], HOME: clone, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" };
  return new Promise((resolve) => {
    // A buffer smaller than the pack, so that it streams as large pushes do; nothing to compress, so that the time is
    // that of the stream.
    execFile(
      "git",
      ["-c", "http.postBuffer=1000000", "-c", "core.compression=0", "-c", "pack.window=0", "push", url, "claude/large"],
      { cwd: clone, env: environment, timeout: 600_000 },
      (_, stdout, stderr) => resolve(`${stdout}${stderr}`),
    );
  });
}

interface GitHub {
  readonly url: string;
  readonly repository: BareRepository;
  /** Bytes of the largest request so far. */
  received(): number;
  stop(): Promise<void>;
}

/**
 * GitHub's place for large transfers: a pack that never ends before `bytes`, a real repository for pushes, and the
 * token store.
 */
async function startGitHub(token: string, bytes: number): Promise<GitHub> {
  const repository = new BareRepository("acme", "api");
  const seed = mkdtempSync(path.join(tmpdir(), "gate-bench-seed-"));
  await git(seed, "init", "-q", "-b", "main");
  writeFileSync(path.join(seed, "README.md"), "# api\n");
  await git(seed, "add", "-A");
  await git(seed, "commit", "-q", "-m", "Begin");
  await git(seed, "push", "-q", repository.bare, "main");
  rmSync(seed, { recursive: true, force: true });
  let largest = 0;
  const chunk = randomBytes(64 * 1024);
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts);
      const url = request.url ?? "";
      largest = Math.max(largest, body.length);
      const json = (value: unknown): void => {
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
      };
      if (url.startsWith("/v1/auth/")) return json({ auth: { client_token: "session", lease_duration: 3600 } });
      if (url.startsWith("/v1/agents/")) return json({ data: { data: { token, expires_at: "" } } });
      if (url === "/api/v3/repos/acme/api") return json({ id: 101, name: "api", padding: "x".repeat(2000) });
      if (url === "/acme/api.git/git-upload-pack") {
        response.writeHead(200, { "content-type": "application/x-git-upload-pack-result" });
        let left = bytes;
        const more = (): void => {
          while (left > 0) {
            left -= chunk.length;
            if (!response.write(chunk)) return void response.once("drain", more);
          }
          response.end();
        };
        return more();
      }
      void Promise.resolve(
        repository.handler({ method: request.method ?? "", url, headers: request.headers, body }),
      ).then((reply = {}) => {
        response
          .writeHead(reply.status ?? 200, {
            "content-type": "application/json",
            ...(reply.headers as Record<string, string>),
          })
          .end(reply.body ?? "{}");
      });
      return undefined;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    repository,
    received: () => largest,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      repository.remove();
    },
  };
}
