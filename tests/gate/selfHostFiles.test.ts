import { execFileSync } from "node:child_process";
import { selfHostFiles, WORKERD_VERSION, type SelfHostFilesOptions } from "../../gate/selfHostFiles";
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
