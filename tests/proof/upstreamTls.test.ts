import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GATE_ENVIRONMENT, gateSettings, madeSecrets } from "../../bench/gate/workers";
import { selfHostConfig } from "../../gate/selfHost";
import { workerd } from "../../sandbox/cloudflare/runtime/workerd";
import { freePort } from "../../sandbox/tools/ports";
import { bundle, made } from "../gate/support/gate";
import { policyFor } from "../gate/support/policy";
import { freshFetch } from "../support/freshFetch";
import { itWhen } from "../support/skip";
import { until } from "../support/until";
import { keyHash, Nginx, noNginx } from "./nginx/support";

/* A server in GitHub's place shows a certificate that is wrong in one way: both gates close, and the token never leaves. */

jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), "upstream-tls-"));
const TOKEN = `ghp_${made("").replace(/[-_]/g, "x")}`;
const secrets = madeSecrets();
const openssl = (...args: string[]): void => void execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
const file = (name: string): string => join(folder, name);
const read = (name: string): string => readFileSync(file(name), "utf8");

/** A certificate authority of its own. */
function authority(name: string): void {
  openssl(
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", `${name}.key`, "-out", `${name}.pem`],
    ...["-days", "30", "-subj", `/CN=${name}`, "-addext", "keyUsage=critical,keyCertSign"],
  );
  for (const [suffix, text] of [
    ["txt", ""],
    ["srl", "01\n"],
  ] as const)
    writeFileSync(file(`${name}.${suffix}`), text);
  writeFileSync(
    file(`${name}.cnf`),
    `[ca]\ndefault_ca = own\n[own]\nnew_certs_dir = .\ndatabase = ${name}.txt\nserial = ${name}.srl\ndefault_md = sha256\npolicy = any\ncopy_extensions = copy\nunique_subject = no\n[any]\ncommonName = supplied\n`,
  );
}

interface Certificate {
  readonly names?: string;
  readonly authority?: string;
  /** As `openssl ca` takes them. */
  readonly from?: string;
  readonly until?: string;
  readonly usage?: string;
}

/** The key and certificate of a server. */
function certificate(name: string, certificate: Certificate): void {
  const { names = "DNS:localhost,IP:127.0.0.1", authority: by = "known", usage = "serverAuth" } = certificate;
  const { from = "20200101000000Z", until: end = "20991231235959Z" } = certificate;
  openssl(
    ...["req", "-newkey", "rsa:2048", "-nodes", "-keyout", `${name}.key`, "-out", `${name}.csr`],
    ...["-subj", "/CN=localhost", "-addext", `subjectAltName=${names}`, "-addext", `extendedKeyUsage=${usage}`],
  );
  openssl(
    ...["ca", "-batch", "-notext", "-config", `${by}.cnf`, "-keyfile", `${by}.key`, "-cert", `${by}.pem`],
    ...["-in", `${name}.csr`, "-out", `${name}.pem`, "-startdate", from, "-enddate", end],
  );
}

const WRONG: Readonly<Record<string, Certificate>> = {
  "another name": { names: "DNS:github.example" },
  "no name but a part of the right one": { names: "DNS:host,DNS:local,DNS:*.localhost" },
  "a time that is over": { until: "20210101000000Z" },
  "a time that has not come": { from: "20980101000000Z" },
  "an authority that nobody knows": { authority: "unknown" },
  "the purpose of a client": { usage: "clientAuth" },
};
const nameOf = (what: string): string => what.replace(/\W+/g, "-");

class TlsServer {
  readonly received: { readonly url: string; readonly authorization: string | undefined }[] = [];
  private constructor(private readonly server: Server) {}

  static async start(name: string): Promise<TlsServer> {
    const server = createServer({ key: read(`${name}.key`), cert: read(`${name}.pem`) });
    const one = new TlsServer(server);
    server.on("request", (request, response) => {
      const { url = "", headers } = request;
      one.received.push({ url, authorization: headers.authorization });
      request.resume();
      response.setHeader("content-type", "application/json; charset=utf-8");
      if (url.startsWith("/v1/auth/"))
        response.end(JSON.stringify({ auth: { client_token: "session", lease_duration: 60 } }));
      else if (url.startsWith("/v1/"))
        response.end(JSON.stringify({ data: { data: { token: TOKEN, expires_at: "" } } }));
      else response.end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return one;
  }

  get url(): string {
    return `https://localhost:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

let right: TlsServer;
const servers: TlsServer[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  authority("known");
  authority("unknown");
  certificate("right", {});
  for (const [what, wrong] of Object.entries(WRONG)) certificate(nameOf(what), wrong);
  right = await TlsServer.start("right");
  servers.push(right);
});

afterEach(async () => {
  for (const child of children.splice(0)) if (child.kill()) await once(child, "exit");
});
afterAll(async () => {
  for (const server of servers) await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function serverWith(name: string): Promise<TlsServer> {
  const server = await TlsServer.start(name);
  servers.push(server);
  return server;
}

let gates = 0;
/** A gate of one's own; the token comes from `vault`, and requests go to `github`. */
async function workerdGate(github: TlsServer, vault: TlsServer): Promise<string> {
  const directory = file(`gate-${gates++}`);
  for (const name of ["", "ledger", "audit"]) mkdirSync(join(directory, name));
  writeFileSync(join(directory, "gate.js"), bundle("worker"));
  writeFileSync(join(directory, "ledger.js"), bundle("ledger"));
  const port = await freePort();
  const settings = gateSettings(vault.url, secrets, policyFor(github.url));
  writeFileSync(
    join(directory, "gate.capnp"),
    selfHostConfig({
      ...settings,
      listen: `127.0.0.1:${port}`,
      trustedCertificates: [read("known.pem")],
      ledgerDirectory: join(directory, "ledger"),
      auditDirectory: join(directory, "audit"),
      modules: { gate: "gate.js", ledger: "ledger.js" },
    }),
  );
  children.push(spawn(workerd, ["serve", "gate.capnp"], { cwd: directory, env: GATE_ENVIRONMENT, stdio: "ignore" }));
  const url = `http://127.0.0.1:${port}`;
  await until("the gate", () =>
    freshFetch(`${url}/_gate/health`).then(
      ({ status }) => status === 204,
      () => false,
    ),
  );
  return url;
}

async function ask(url: string): Promise<readonly [status: number, rule: string | undefined]> {
  const answer = await freshFetch(`${url}/repos/acme/api`, { headers: { authorization: `Bearer ${secrets.key}` } });
  const { gatehouse } = (await answer.json()) as { gatehouse?: { rule: string } };
  return [answer.status, gatehouse?.rule];
}

describe("the gate under workerd", () => {
  it("reaches GitHub and Vault whose certificates lead to one that it was given", async () => {
    expect(await ask(await workerdGate(right, right))).toEqual([200, undefined]);
    expect(right.received.at(-1)?.authorization).toBe(`Bearer ${TOKEN}`);
  });

  it.each(Object.keys(WRONG))("closes where GitHub's certificate has %s", async (what) => {
    const wrong = await serverWith(nameOf(what));
    expect(await ask(await workerdGate(wrong, right))).toEqual([502, "upstream-error"]);
    expect(wrong.received).toEqual([]);
  });

  it.each(["another name", "an authority that nobody knows"])(
    "closes where Vault's certificate has %s, and signs in nowhere",
    async (what) => {
      const wrong = await serverWith(nameOf(what));
      const before = right.received.length;
      expect(await ask(await workerdGate(right, wrong))).toEqual([503, "token-unavailable"]);
      expect([wrong.received, right.received.length]).toEqual([[], before]);
    },
  );
});

describe("nginx", () => {
  const given = itWhen(noNginx === "", noNginx);
  const nginxFor = (server: TlsServer): Promise<Nginx> =>
    Nginx.start({
      policy: policyFor(server.url),
      keys: [{ agent: "agent", sha256: keyHash(secrets.key) }],
      token: TOKEN,
      trustedCertificates: file("known.pem"),
    });

  given("reaches GitHub whose certificate leads to one that it was given", async () => {
    const nginx = await nginxFor(right);
    expect(await ask(nginx.url)).toEqual([200, undefined]);
    await nginx.stop();
  });

  for (const what of Object.keys(WRONG))
    given(`closes where GitHub's certificate has ${what}`, async () => {
      const wrong = await serverWith(nameOf(what));
      const nginx = await nginxFor(wrong);
      try {
        expect(await ask(nginx.url)).toEqual([502, "upstream-error"]);
        expect(wrong.received).toEqual([]);
      } finally {
        await nginx.stop();
      }
    });
});
