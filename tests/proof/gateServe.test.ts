import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyChain } from "../../gate/policy";
import { madeSecrets } from "../../bench/gate/workers";
import { workerd } from "../../sandbox/cloudflare/runtime/workerd";
import { freePort } from "../../sandbox/tools/ports";
import { made } from "../gate/support/gate";
import { policyFor } from "../gate/support/policy";
import { seqsIn } from "../gate/support/sinks";
import { Upstream } from "../gate/support/upstream";
import { freshFetch } from "../support/freshFetch";
import { gatehouse, type Running } from "../support/sandbox";
import { itWhen } from "../support/skip";
import { until } from "../support/until";

/* `gatehouse gate serve` with real processes, which are killed and stopped under load. */

jest.setTimeout(180_000);

const TOKEN = `ghp_${made("").replace(/[-_]/g, "x")}`;
const secrets = madeSecrets();
const idOf = (answer: Response): string => answer.headers.get("x-gatehouse-request-id") ?? "";

let folder: string;
let upstream: Upstream;
let url: string;
let running: Running | undefined;

beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "gate-serve-")));
  upstream = await Upstream.start();
  upstream.handler = ({ url: target, method }) => {
    if (target.startsWith("/v1/auth/"))
      return { body: JSON.stringify({ auth: { client_token: "session", lease_duration: 60 } }) };
    if (target.startsWith("/v1/"))
      return { body: JSON.stringify({ data: { data: { token: TOKEN, expires_at: "" } } }) };
    return { status: method === "POST" ? 201 : 200 };
  };
});

afterEach(async () => {
  await stop();
  await upstream.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the command; a second time in the same folder it finds ledger and trail of the first. */
async function start(
  processes: number,
  limits: Parameters<typeof policyFor>[1] = {},
  port?: number,
  { config = [], env = {} }: { readonly config?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<void> {
  const hash = (text: string): string => createHash("sha256").update(text).digest("base64url");
  const outputs = join(folder, "outputs.json");
  writeFileSync(
    outputs,
    JSON.stringify({
      gatePolicy: policyFor(upstream.url, limits),
      gateSettings: {
        GATE_KEYS: [{ agent: "agent", sha256: hash(secrets.key) }],
        OPERATOR_KEYS: [{ sha256: hash(secrets.operatorKey) }],
        TOKEN_STORE: { roleId: "role" },
      },
    }),
  );
  const listen = `127.0.0.1:${port ?? (await freePort())}`;
  url = `http://${listen}`;
  running = gatehouse(
    [
      ...["gate", "serve", "--stack", "dev", "--outputs", outputs, "--out", join(folder, "gate")],
      ...["--listen", listen, "--processes", String(processes), "--workerd", workerd],
      ...config.flatMap((one) => ["--config", one]),
    ],
    { env: { VAULT_ADDR: upstream.url, VAULT_SECRET_ID: "secret", ...env } },
  );
  expect(await running.line((line) => line.startsWith("Gate: "))).toBe(
    `Gate: ${processes === 1 ? "1 process" : `${processes} processes`} at ${url}. Stop it with Ctrl-C or SIGTERM.`,
  );
}

async function stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | undefined> {
  running?.child.kill(signal);
  const code = await running?.exited;
  running = undefined;
  return code;
}

/** Ids of the processes of workerd in the folder, by the configuration that they run. */
function processes(config: "gate" | "ledger" | "forwarder"): number[] {
  const of = (pid: string): string => {
    try {
      if (readlinkSync(`/proc/${pid}/cwd`) !== join(folder, "gate")) return "";
      return readFileSync(`/proc/${pid}/cmdline`, "utf8");
    } catch {
      return ""; // gone, or not ours
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && of(name).includes(`${config}.capnp`))
    .map(Number);
}

const ask = (target: string, init: RequestInit = {}, key = secrets.key): Promise<Response> =>
  freshFetch(url + target, { ...init, headers: { ...init.headers, authorization: `Bearer ${key}` } });

const comment = (): Promise<Response> =>
  ask("/repos/acme/api/issues/1/comments", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"body":"b"}',
  });

/** Ids of all requests in the trail, which must be one chain. */
async function recorded(): Promise<ReadonlySet<string>> {
  const answer = await ask("/_gate/audit?limit=10000", {}, secrets.operatorKey);
  expect(answer.status).toBe(200);
  const lines = (await answer.text()).trim().split("\n");
  expect((await verifyChain(lines)).problems).toEqual([]);
  return new Set(lines.map((line) => (JSON.parse(line) as { requestId: string }).requestId));
}

const MANY = { writesPerMinute: 10_000, requestsPerMinute: 10_000, requestsPerHour: 100_000 };

/** Requests one after the other, on several connections, until the end; ids of those that were answered as they should. */
function load(request: () => Promise<Response>, status: number): { readonly ids: string[]; end(): Promise<void> } {
  const ids: string[] = [];
  let going = true;
  const clients = Array.from({ length: 8 }, async () => {
    while (going) {
      const answer = await request().catch(() => undefined);
      if (answer?.status === status) ids.push(idOf(answer));
    }
  });
  return {
    ids,
    end: async () => {
      going = false;
      await Promise.all(clients);
    },
  };
}

it("goes on when a process is killed under load, starts it again, and loses no record of a write", async () => {
  await start(2, MANY);
  expect([processes("gate").length, processes("ledger").length]).toEqual([2, 1]);
  const writes = load(comment, 201);
  await until("writes", () => writes.ids.length > 50, { ms: 30_000 });
  const before = processes("gate");
  process.kill(before[0] ?? 0, "SIGKILL");
  const atKill = writes.ids.length;
  await until("writes by the others", () => writes.ids.length > atKill + 50, { ms: 30_000 });
  const after = await until("the killed process's successor", () => {
    const now = processes("gate");
    return now.length === 2 && now;
  });
  expect(after).toContain(before[1]);
  expect(after).not.toContain(before[0]);
  await writes.end();
  const ids = await recorded();
  expect(writes.ids.filter((id) => !ids.has(id))).toEqual([]);
  expect(running?.stderr()).toMatch(/^gate process [12] ended \(SIGKILL\); it starts again (?:at once|in [\d.]+ s)$/m);
});

it("starts a killed ledger again, refuses meanwhile, and goes on with the same chain", async () => {
  await start(2, MANY);
  const writes = load(comment, 201);
  await until("writes", () => writes.ids.length > 50, { ms: 30_000 });
  process.kill(processes("ledger")[0] ?? 0, "SIGKILL");
  const atKill = writes.ids.length;
  await until("writes with the new ledger", () => writes.ids.length > atKill + 50, { ms: 60_000 });
  await writes.end();
  const ids = await recorded();
  expect(writes.ids.filter((id) => !ids.has(id))).toEqual([]);
});

it("copies the trail to a sink from a process that alone has its secret, and stops that one too", async () => {
  const sink = await Upstream.start();
  try {
    const got = new Set<number>();
    const credentials = new Set<string | undefined>();
    sink.handler = (received) => {
      credentials.add(received.headers.authorization);
      for (const seq of seqsIn("otlp", received)) got.add(seq);
      return { body: "{}" };
    };
    await start(2, MANY, undefined, {
      config: ["gatehouse:audit.sinks[1].kind=otlp", `gatehouse:audit.sinks[1].url=${sink.url}/v1/logs`],
      env: { SINK_SECRETS: '{"otlp":"token-of-the-sink"}' },
    });
    // With the first object of the archive the ledger wakes the forwarder.
    const writes = load(comment, 201);
    await until("records at the sink", () => got.size > 500, { ms: 60_000 });
    await writes.end();
    await until("all of them", () => got.size >= writes.ids.length, { ms: 30_000 });
    expect(credentials).toEqual(new Set(["Bearer token-of-the-sink"]));
    const knows = (config: "gate" | "ledger" | "forwarder", name: string): boolean[] =>
      processes(config).map((pid) => readFileSync(`/proc/${pid}/environ`, "utf8").includes(name));
    expect([
      knows("gate", "SINK_SECRETS"),
      knows("ledger", "SINK_SECRETS"),
      knows("forwarder", "SINK_SECRETS"),
    ]).toEqual([[false, false], [false], [true]]);
    expect(knows("forwarder", "VAULT_SECRET_ID")).toEqual([false]);
    expect(await stop()).toBe(0);
    expect([processes("gate"), processes("ledger"), processes("forwarder")]).toEqual([[], [], []]);
  } finally {
    await sink.stop();
  }
});

it("lets no more through than the posture says, whichever process is killed meanwhile", async () => {
  await start(2, { requestsPerMinute: 40 });
  await until("a minute that lasts", () => Date.now() % 60_000 < 30_000, { ms: 40_000 });
  const statuses: number[] = [];
  for (let i = 0; i < 100; i++) {
    if (i === 20) process.kill(processes("gate")[0] ?? 0, "SIGKILL");
    statuses.push((await ask("/repos/acme/api").catch(() => undefined))?.status ?? 0);
  }
  const passed = upstream.received.filter((r) => r.url.startsWith("/api/v3/")).length;
  expect(passed).toBeLessThanOrEqual(40);
  // What the killed process had leased and not used is lost until the hour is over, never given twice.
  expect(passed).toBeGreaterThan(20);
  expect(statuses).toContain(429);
});

it.each(["SIGTERM", "SIGINT"] as const)(
  "at %s it stops all, and every answered request is on record",
  async (signal) => {
    await start(2, MANY);
    // Reads alone: their records wait for a second, and nothing hurries them.
    const reads = load(() => ask("/repos/acme/api"), 200);
    await until("reads", () => reads.ids.length > 100, { ms: 30_000 });
    const code = await stop(signal);
    await reads.end();
    expect([code, processes("gate"), processes("ledger")]).toEqual([0, [], []]);
    await start(2, MANY);
    const writes = load(comment, 201);
    await until("writes", () => writes.ids.length > 50, { ms: 30_000 });
    await stop(signal);
    await writes.end();
    // The same ledger serves one process too.
    await start(1, MANY);
    const ids = await recorded();
    expect([...reads.ids, ...writes.ids].filter((id) => !ids.has(id))).toEqual([]);
  },
);

it("leaves no process behind when it is killed itself", async () => {
  await start(2);
  expect(processes("gate")).toHaveLength(2);
  running?.child.kill("SIGKILL");
  await until("the end of all", () => processes("gate").length + processes("ledger").length === 0, { ms: 40_000 });
});

it("runs one process with the ledger in it, and starts that again too", async () => {
  await start(1, MANY);
  expect([processes("gate").length, processes("ledger").length]).toEqual([1, 0]);
  const { id } = { id: idOf(await comment()) };
  process.kill(processes("gate")[0] ?? 0, "SIGKILL");
  await until("its successor", async () => (await comment().catch(() => undefined))?.status === 201);
  expect((await recorded()).has(id)).toBe(true);
});

it("does not share its state with a second one", async () => {
  await start(2);
  const second = gatehouse(
    [
      ...["gate", "serve", "--stack", "dev", "--outputs", join(folder, "outputs.json"), "--out", join(folder, "gate")],
      ...["--listen", `127.0.0.1:${await freePort()}`, "--processes", "2", "--workerd", workerd],
    ],
    { env: { VAULT_ADDR: upstream.url, VAULT_SECRET_ID: "secret" } },
  );
  expect([await second.exited, second.stderr()]).toEqual([
    2,
    expect.stringMatching(/ledger\.sock answers: another gate runs with this state\. Stop that one first\./),
  ]);
  expect((await ask("/repos/acme/api")).status).toBe(200);
});

/** What `render selfhost --processes 2` wrote, with the listening socket opened by somebody else. */
async function rendered(): Promise<string> {
  await start(2, MANY);
  await stop();
  return join(folder, "gate");
}

const have = (program: string): boolean =>
  ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].some((place) => existsSync(join(place, program)));

itWhen(have("systemd-socket-activate"), "systemd-socket-activate is not installed")(
  "the units' own commands run the gate with the sockets that systemd holds",
  async () => {
    const out = await rendered();
    const [key = "", listen = ""] = [secrets.key, url.slice("http://".length)];
    const commandOf = (unit: string, instance = ""): string[] => {
      const line = /^ExecStart=(.*)$/m.exec(readFileSync(join(out, unit), "utf8"))?.[1] ?? "";
      return line.replaceAll("%i", instance).split(" ");
    };
    const streamOf = (unit: string): string =>
      /^ListenStream=(.*)$/m.exec(readFileSync(join(out, unit), "utf8"))?.[1] ?? "";
    expect(streamOf("gatehouse-gate.socket")).toBe(listen);
    const units = [
      ["gatehouse-ledger.socket", commandOf("gatehouse-ledger.service"), {}],
      ["gatehouse-gate.socket", commandOf("gatehouse-gate@.service", "1"), { VAULT_SECRET_ID: "secret" }],
    ] as const;
    const children = units.map(([socket, command, env]) =>
      spawn(
        "systemd-socket-activate",
        ["-l", streamOf(socket), ...Object.keys(env).map((name) => `--setenv=${name}`), ...command],
        {
          cwd: out,
          env: { PATH: process.env["PATH"], ...env },
          stdio: ["ignore", "ignore", "pipe"],
        },
      ),
    );
    try {
      await until("the gate", () =>
        ask("/repos/acme/api", {}, key).then(
          ({ status }) => status === 200,
          () => false,
        ),
      );
      expect((await comment()).status).toBe(201);
      expect((await recorded()).size).toBeGreaterThan(1);
      expect([processes("gate").length, processes("ledger").length]).toEqual([1, 1]);
    } finally {
      for (const child of children) if (child.kill()) await once(child, "exit");
    }
  },
);

itWhen(have("systemd-analyze"), "systemd-analyze is not installed")(
  "the units are what systemd takes, and hardened",
  async () => {
    const out = await rendered();
    const units = readdirSync(out).filter((name) => /^gatehouse-.*\.(?:service|socket|target)$/.test(name));
    expect(units).toHaveLength(5);
    execFileSync("systemd-analyze", ["verify", ...units.map((name) => join(out, name.replace("@.", "@1.")))], {
      stdio: "pipe",
      env: { ...process.env, SYSTEMD_UNIT_PATH: `${out}:` },
    });
    for (const unit of units.filter((name) => name.endsWith(".service"))) {
      const text = execFileSync("systemd-analyze", ["security", "--offline=true", join(out, unit)], {
        encoding: "utf8",
      });
      expect([unit, Number(/exposure level [^:]*: (\d+\.\d+)/.exec(text)?.[1]) < 2]).toEqual([unit, true]);
    }
  },
);

it("runs as the container starts it: Node, serve.mjs and the files that the Containerfile copies, nothing else", async () => {
  const out = await rendered();
  const image = join(folder, "image");
  mkdirSync(image);
  const copied = /^COPY (.*) \/gate\/$/m.exec(readFileSync(join(out, "Containerfile"), "utf8"))?.[1]?.split(" ") ?? [];
  for (const name of copied) copyFileSync(join(out, name), join(image, name));
  const child = spawn(process.execPath, ["serve.mjs"], {
    cwd: image,
    env: { VAULT_SECRET_ID: "secret" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (part: Buffer) => (said += part.toString()));
  await until("the gate", () => said.includes("Gate: 2 processes"), { ms: 30_000 });
  expect((await comment()).status).toBe(201);
  expect((await recorded()).size).toBeGreaterThan(1);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});

it("says that an address is taken", async () => {
  await start(2);
  const second = gatehouse(
    [
      ...["gate", "serve", "--stack", "dev", "--outputs", join(folder, "outputs.json"), "--out", join(folder, "other")],
      ...["--listen", url.slice("http://".length), "--workerd", workerd],
    ],
    { env: { VAULT_ADDR: upstream.url, VAULT_SECRET_ID: "secret" } },
  );
  expect([await second.exited, second.stdout(), second.stderr()]).toEqual([
    2,
    "",
    expect.stringContaining("is taken: another program listens there. End it, or give another --listen."),
  ]);
});
