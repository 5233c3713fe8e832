import { execFileSync } from "node:child_process";
import { missingSecrets, selfHostFiles, WORKERD_VERSION, type SelfHostFilesOptions } from "../../gate/selfHostFiles";
import { workerd } from "../../sandbox/cloudflare/runtime/workerd";
import { policyFor } from "./support/policy";

const rendered = (more: Partial<SelfHostFilesOptions> = {}): ReadonlyMap<string, string> =>
  new Map(
    selfHostFiles({
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
      alerts: { webhook: "https://alerts.acme.example/hook" },
      listen: "127.0.0.1:8788",
      modules: { gate: "// gate", ledger: "// ledger" },
      folder: "/etc/gatehouse/gate",
      state: "/var/lib/gatehouse",
      workerd: "/usr/local/bin/workerd",
      user: "gatehouse",
      ...more,
    }).map(({ name, text }) => [name, text]),
  );
const files = rendered();

it("opens the way to GitHub, the token store and the receiver of alerts, and to nothing else", () => {
  expect(files.get("egress-hosts")).toBe("alerts.acme.example 443\nghes.acme.example 443\nvault.acme.example 8200\n");
});

it("names every secret of the contract, and holds none", () => {
  expect(files.get("secrets.env")).toMatch(/\nVAULT_SECRET_ID=\n/);
  expect(files.get("secrets.env")).toMatch(/\nALERT_SECRET=\n/);
  expect(files.get("secrets.env")?.replace(/#.*/g, "")).not.toMatch(/=./);
});

it("takes GitHub's deliveries only where the environment asks for it, and says what an older file lacks", () => {
  expect(files.get("secrets.env")).not.toContain("GITHUB_WEBHOOK_SECRET");
  expect(files.get("gate.capnp")).not.toContain("GITHUB_WEBHOOK_SECRET");
  const withEvents = rendered({ githubEvents: true });
  expect(withEvents.get("secrets.env")).toMatch(
    /\n# GITHUB_WEBHOOK_SECRET: pulumi stack output githubWebhookSecret .*\nGITHUB_WEBHOOK_SECRET=\n/,
  );
  expect(withEvents.get("gate.capnp")).toContain(
    '(name = "GITHUB_WEBHOOK_SECRET", fromEnvironment = "GITHUB_WEBHOOK_SECRET")',
  );
  expect(missingSecrets(withEvents.get("secrets.env")!, { githubEvents: true })).toEqual([]);
  // Rendering anew keeps the file, so what a setting needs besides must be said.
  const sink = { kind: "https", name: "copy", url: "https://sink.acme.example" } as const;
  expect(missingSecrets(files.get("secrets.env")!, { githubEvents: true, sinks: [sink] })).toEqual([
    "GITHUB_WEBHOOK_SECRET: pulumi stack output githubWebhookSecret --show-secrets",
    expect.stringMatching(/^SINK_SECRETS: token, API key/),
  ]);
});

it("has the forwarder where there are sinks: its module, its way out, and a place for the secrets", () => {
  expect(files.has("forwarder.js")).toBe(false);
  const withSinks = rendered({
    sinks: [{ kind: "splunk-hec", name: "splunk-hec", url: "https://splunk.acme.example:8088/services/collector" }],
    modules: { gate: "// gate", ledger: "// ledger", forwarder: "// forwarder" },
  });
  expect(withSinks.get("forwarder.js")).toBe("// forwarder");
  expect(withSinks.get("egress-hosts")).toContain("splunk.acme.example 8088\n");
  expect(withSinks.get("secrets.env")).toMatch(/\nSINK_SECRETS=\n/);
  expect(withSinks.get("gate.capnp")).toContain('(name = "SINK_SECRETS", fromEnvironment = "SINK_SECRETS")');
});

it("has the release of workerd that the tests run under", () => {
  const version = execFileSync(workerd, ["--version"], { encoding: "utf8" });
  if (process.env["GATEHOUSE_WORKERD"] === undefined)
    expect(`1.${/(\d{4})-(\d\d)-(\d\d)/.exec(version)?.slice(1).join("")}.1`).toBe(WORKERD_VERSION);
  expect(files.get("Containerfile")).toContain(`workerd@${WORKERD_VERSION} `);
});

describe("a gate in several processes", () => {
  const several = rendered({
    processes: 3,
    listen: "localhost:8788",
    modules: { gate: "// gate", ledger: "// ledger process", ledgerRelay: "// relay", supervisor: "// supervisor" },
  });

  it("has the configuration of both kinds of process, their modules, and what starts them", () => {
    expect([...several.keys()]).toEqual([
      "gate.capnp",
      "ledger.capnp",
      "gate.js",
      "ledger.js",
      "ledgerRelay.js",
      "serve.mjs",
      "serve.json",
      "secrets.env",
      "start.sh",
      "gatehouse-gate.target",
      "gatehouse-gate.socket",
      "gatehouse-gate@.service",
      "gatehouse-ledger.socket",
      "gatehouse-ledger.service",
      "Containerfile",
      "egress.nft",
      "egress-hosts",
      "egress.sh",
      "backup.sh",
      "restore.sh",
    ]);
    expect(several.get("gate.capnp")).toContain("unix:/var/lib/gatehouse/ledger.sock");
    expect(several.get("gate.capnp")).not.toContain("enableSql");
    expect(several.get("ledger.capnp")).toContain('path = "/var/lib/gatehouse/ledger"');
    expect(several.get("start.sh")).toContain("\nexec node serve.mjs\n");
    expect(JSON.parse(several.get("serve.json") ?? "")).toEqual({
      listen: "localhost:8788",
      processes: 3,
      workerd: "/usr/local/bin/workerd",
      state: "/var/lib/gatehouse",
      ledgerSocket: "/var/lib/gatehouse/ledger.sock",
    });
  });

  it("has one unit for each kind, which the target starts and stops; secrets go to the gate alone", () => {
    expect(several.get("gatehouse-gate.target")).toContain(
      "\nWants=gatehouse-ledger.socket gatehouse-gate.socket gatehouse-ledger.service gatehouse-gate@1.service gatehouse-gate@2.service gatehouse-gate@3.service\n",
    );
    for (const [name, text] of several)
      if (/^gatehouse-.*\.(?:service|socket)$/.test(name))
        expect([name, text]).toEqual([name, expect.stringContaining("\nPartOf=gatehouse-gate.target\n")]);
    expect(several.get("gatehouse-gate.socket")).toContain("\nListenStream=127.0.0.1:8788\n");
    expect(several.get("gatehouse-gate@.service")).toContain("/secrets.env");
    expect(several.get("gatehouse-ledger.service")).not.toContain("secrets.env");
    expect(several.get("gatehouse-ledger.socket")).toContain("\nSocketMode=0600\n");
    expect(several.get("backup.sh")).toContain("GATEHOUSE_SERVICE-gatehouse-gate.target}");
  });

  it("has a container that starts all of them", () => {
    expect(several.get("Containerfile")).toMatch(
      /\nCOPY gate\.capnp gate\.js ledger\.js ledger\.capnp ledgerRelay\.js serve\.mjs serve\.json \/gate\/\n[^]*\nCMD \["node", "serve\.mjs"\]\n/,
    );
    expect(files.get("Containerfile")).toMatch(
      /\nCOPY gate\.capnp gate\.js ledger\.js \/gate\/\n[^]*\nCMD \["workerd", "serve", "gate\.capnp"\]\n/,
    );
  });

  it("has a forwarder where there are sinks, which gets the sinks' secrets and that of alerts alone", () => {
    const forwarded = rendered({
      processes: 2,
      sinks: [{ kind: "https", name: "copy", url: "https://siem.acme.example/in" }],
      modules: {
        gate: "// gate",
        ledger: "// ledger process",
        ledgerRelay: "// relay",
        forwarder: "// forwarder",
        supervisor: "// supervisor",
      },
    });
    expect([...forwarded.keys()].filter((name) => !several.has(name))).toEqual([
      "forwarder.capnp",
      "forwarder.js",
      "gatehouse-forwarder.socket",
      "gatehouse-forwarder.service",
    ]);
    expect(forwarded.get("gatehouse-gate.target")).toContain(
      " gatehouse-forwarder.socket gatehouse-forwarder.service\n",
    );
    expect(forwarded.get("gatehouse-forwarder.service")).toMatch(
      /\nEnvironmentFile=.*\/secrets\.env\nUnsetEnvironment=VAULT_SECRET_ID CHECKPOINT_KEY GITHUB_WEBHOOK_SECRET\nExecStart=.* serve forwarder\.capnp --socket-fd=forwarder=3\n/,
    );
    expect(forwarded.get("gatehouse-gate@.service")).toContain("\nUnsetEnvironment=SINK_SECRETS\n");
    expect(JSON.parse(forwarded.get("serve.json") ?? "")).toMatchObject({
      forwarderSocket: "/var/lib/gatehouse/forwarder.sock",
    });
    expect(forwarded.get("Containerfile")).toMatch(/\nCOPY .* forwarder\.js forwarder\.capnp \/gate\/\n/);
  });
});
