import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { selfHostFiles } from "../../gate/selfHostFiles";
import { policyFor } from "../gate/support/policy";
import { itWhen } from "../support/skip";
import { until } from "../support/until";

/* The egress rules of `render selfhost` on live traffic: one network namespace for the gate's machine, one for the world. */

/** Why this machine cannot show it; empty when it can. */
function whyNot(): string {
  if (process.getuid?.() !== 0) return "only root can make network namespaces";
  const { status, error, stderr } = spawnSync(
    "unshare",
    ["--net", "--mount", "sh", "-c", "ip link set lo up && nft add table inet t && command -v nsenter setpriv getent"],
    { encoding: "utf8", env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` } },
  );
  if (error !== undefined) return `unshare does not run here (${error.message})`;
  return status === 0
    ? ""
    : `this kernel lets no network namespace have nftables, or a program is missing (apt-get install nftables iproute2): ${stderr.trim().split("\n").at(-1) ?? ""}`;
}
const reason = whyNot();
const given = itWhen(reason === "", reason);

/** The account that the gate runs as here. */
const ACCOUNT = "nobody";
const [GITHUB, VAULT, OTHER, RESOLVER] = ["10.99.0.2", "10.99.0.3", "10.99.0.4", "10.99.0.5"];
const [GITHUB6, OTHER6] = ["fd99::2", "fd99::4"];

const folder = reason === "" ? mkdtempSync(join(tmpdir(), "egress-")) : "";
const children: ChildProcess[] = [];

/** A process that holds namespaces of its own. */
async function namespace(...kinds: string[]): Promise<number> {
  const child = spawn("unshare", [...kinds, "sh", "-c", "echo here; exec sleep 600"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await once(child.stdout as NonNullable<typeof child.stdout>, "data");
  return child.pid ?? 0;
}

let machine = 0;
let world = 0;
const inside = (pid: number): string[] => ["--target", String(pid), "--net", ...(pid === machine ? ["--mount"] : [])];
const run = (pid: number, ...command: string[]): string =>
  execFileSync("nsenter", [...inside(pid), ...command], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
  });

/** Listens on every address: TCP on four ports. On the given addresses it answers UDP as a resolver does. */
const SERVER = `
const { createServer } = require("node:net"), { createSocket } = require("node:dgram");
const each = [443, 8443, 8200, 53].map((port) => new Promise((done) => createServer((s) => { s.on("error", () => 0); s.pipe(s); }).listen(port, "::", done)));
for (const host of process.argv.slice(1)) {
  const udp = createSocket("udp4");
  udp.on("message", (data, { port, address }) => udp.send(data, port, address));
  each.push(new Promise((done) => udp.bind(53, host, done)));
}
Promise.all(each).then(() => console.log("listening"));
`;
/** Sends a word and waits for its echo: "open", or what the kernel says. */
const CLIENT = `
const [kind, host, port] = process.argv.slice(1);
const say = (text) => { console.log(text); process.exit(0); };
setTimeout(say, 5000, "silent");
if (kind === "tcp") {
  const socket = require("node:net").connect(Number(port), host, () => socket.write("x"));
  socket.on("data", () => say("open")).on("error", ({ code }) => say(code));
} else {
  const socket = require("node:dgram").createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.on("message", () => say("open")).on("error", ({ code }) => say(code));
  socket.connect(Number(port), host, () => socket.send("x", (error) => error && say(error.code)));
}
`;

const by =
  (...account: string[]) =>
  (kind: string, host: string, port: number): string =>
    run(machine, ...account, process.execPath, "-e", CLIENT, kind, host, String(port)).trim();
const gate = by("setpriv", `--reuid=${ACCOUNT}`, "--clear-groups");
const root = by();
/** What the kernel says to a connection that the rules reject. */
const CLOSED = /^(?:EACCES|EPERM|EHOSTUNREACH|ECONNREFUSED)$/;

beforeAll(async () => {
  if (reason !== "") return;
  execFileSync("chmod", ["755", folder]);
  const files = selfHostFiles({
    policy: policyFor("https://ghes.acme.example"),
    gateKeys: [],
    operatorKeys: [],
    tokenStore: {
      kind: "vault",
      address: "https://vault.acme.example:8200",
      mount: "agents",
      path: "github/claude-bot",
      authMount: "gatehouse-gate",
      roleId: "role",
    },
    alerts: {},
    listen: "127.0.0.1:8788",
    modules: { gate: "", ledger: "" },
    folder,
    state: join(folder, "state"),
    workerd: "/usr/local/bin/workerd",
    user: ACCOUNT,
  });
  for (const { name, text } of files) writeFileSync(join(folder, name), text, { mode: 0o755 });
  writeFileSync(
    join(folder, "hosts"),
    `127.0.0.1 localhost\n${GITHUB} ghes.acme.example\n${GITHUB6} ghes.acme.example\n${VAULT} vault.acme.example\n`,
  );
  writeFileSync(join(folder, "resolv.conf"), `nameserver ${RESOLVER}\n`);
  machine = await namespace("--net", "--mount");
  world = await namespace("--net");
  run(machine, "ip", "link", "add", "out0", "type", "veth", "peer", "name", "in0", "netns", String(world));
  const own = ["10.99.0.1/24", "fd99::1/64"];
  const theirs = [GITHUB, VAULT, OTHER, RESOLVER].map((at) => `${at}/24`).concat(`${GITHUB6}/64`, `${OTHER6}/64`);
  for (const [pid, device, addresses] of [
    [machine, "out0", own],
    [world, "in0", theirs],
  ] as const) {
    // Without `nodad` an IPv6 address is of no use for its first second.
    for (const address of addresses)
      run(pid, "ip", "address", "add", address, "dev", device, ...(address.includes(":") ? ["nodad"] : []));
    for (const one of ["lo", device]) run(pid, "ip", "link", "set", one, "up");
  }
  for (const name of ["hosts", "resolv.conf"]) run(machine, "mount", "--bind", join(folder, name), `/etc/${name}`);
  const server = spawn("nsenter", [...inside(world), process.execPath, "-e", SERVER, RESOLVER, OTHER], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(server);
  await once(server.stdout as NonNullable<typeof server.stdout>, "data");
}, 60_000);

afterAll(async () => {
  for (const child of children.reverse()) if (child.kill("SIGKILL")) await once(child, "exit");
  if (folder !== "") rmSync(folder, { recursive: true, force: true });
});

given("without the rules the gate's account reaches everything, as the test expects of its world", () => {
  for (const host of [GITHUB, OTHER, GITHUB6, OTHER6]) expect([host, gate("tcp", host, 443)]).toEqual([host, "open"]);
  expect(gate("udp", OTHER, 53)).toBe("open");
});

given("with the rules alone the gate reaches nothing, and everyone else what they reached", () => {
  run(machine, "nft", "-f", join(folder, "egress.nft"));
  for (const host of [GITHUB, OTHER, GITHUB6, OTHER6]) {
    expect([host, gate("tcp", host, 443)]).toEqual([host, expect.stringMatching(CLOSED)]);
    expect([host, root("tcp", host, 443)]).toEqual([host, "open"]);
  }
});

given("egress.sh opens the ways of egress-hosts and the resolver, and nothing beside them", () => {
  run(machine, join(folder, "egress.sh"));
  const seen = (
    [
      ["tcp", GITHUB, 443],
      ["tcp", GITHUB6, 443],
      ["tcp", VAULT, 8200],
      ["udp", RESOLVER, 53],
      ["tcp", RESOLVER, 53],
      ["tcp", GITHUB, 8443],
      ["tcp", VAULT, 443],
      ["tcp", OTHER, 443],
      ["tcp", OTHER6, 443],
      ["udp", OTHER, 53],
      ["tcp", OTHER, 53],
      ["tcp", RESOLVER, 443],
    ] as const
  ).map(([kind, host, port]) => `${kind} ${host} ${port}: ${gate(kind, host, port).replace(CLOSED, "closed")}`);
  expect(seen).toEqual([
    `tcp ${GITHUB} 443: open`,
    `tcp ${GITHUB6} 443: open`,
    `tcp ${VAULT} 8200: open`,
    `udp ${RESOLVER} 53: open`,
    `tcp ${RESOLVER} 53: open`,
    `tcp ${GITHUB} 8443: closed`,
    `tcp ${VAULT} 443: closed`,
    `tcp ${OTHER} 443: closed`,
    `tcp ${OTHER6} 443: closed`,
    `udp ${OTHER} 53: closed`,
    `tcp ${OTHER} 53: closed`,
    `tcp ${RESOLVER} 443: closed`,
  ]);
});

given("the machine itself stays reachable for the gate, and a second run of egress.sh changes nothing", async () => {
  const local = spawn("nsenter", [...inside(machine), process.execPath, "-e", SERVER], { stdio: "ignore" });
  children.push(local);
  run(machine, join(folder, "egress.sh"));
  const sets = run(machine, "nft", "list", "table", "inet", "gatehouse");
  expect(sets).toMatch(/10\.99\.0\.2 \. 443 timeout 1h expires 59m/);
  await until("the machine's own server", () => gate("tcp", "127.0.0.1", 8200) === "open");
});

given("when its hour is over every way is closed again, but for a connection that is under way", async () => {
  const client = spawn(
    "nsenter",
    [
      ...inside(machine),
      ...["setpriv", `--reuid=${ACCOUNT}`, "--clear-groups", process.execPath, "-e"],
      `const s = require("node:net").connect(443, "${GITHUB}"); s.pipe(process.stdout); process.stdin.pipe(s);`,
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  children.push(client);
  let echoed = "";
  client.stdout.on("data", (part: Buffer) => (echoed += part.toString()));
  client.stdin.write("before ");
  await until("an echo", () => echoed === "before ");
  // What the kernel does an hour later.
  for (const set of ["out4", "out6", "names4"]) run(machine, "nft", "flush", "set", "inet", "gatehouse", set);
  client.stdin.write("after");
  await until("an echo", () => echoed === "before after");
  expect(gate("tcp", GITHUB, 443)).toMatch(CLOSED);
  expect(gate("udp", RESOLVER, 53)).toMatch(CLOSED);
});
