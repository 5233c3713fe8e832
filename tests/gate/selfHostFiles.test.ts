import { execFileSync } from "node:child_process";
import { selfHostFiles, WORKERD_VERSION } from "../../gate/selfHostFiles";
import { workerd } from "../../sandbox/cloudflare/runtime/workerd";
import { policyFor } from "./support/policy";

const files = new Map(
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
  }).map(({ name, text }) => [name, text]),
);

it("opens the way to GitHub, the token store and the receiver of alerts, and to nothing else", () => {
  expect(files.get("egress-hosts")).toBe("alerts.acme.example 443\nghes.acme.example 443\nvault.acme.example 8200\n");
});

it("names every secret of the contract, and holds none", () => {
  expect(files.get("secrets.env")).toMatch(/\nVAULT_SECRET_ID=\n/);
  expect(files.get("secrets.env")).toMatch(/\nALERT_SECRET=\n/);
  expect(files.get("secrets.env")?.replace(/#.*/g, "")).not.toMatch(/=./);
});

it("has the release of workerd that the tests run under", () => {
  const version = execFileSync(workerd, ["--version"], { encoding: "utf8" });
  if (process.env["GATEHOUSE_WORKERD"] === undefined)
    expect(`1.${/(\d{4})-(\d\d)-(\d\d)/.exec(version)?.slice(1).join("")}.1`).toBe(WORKERD_VERSION);
  expect(files.get("Containerfile")).toContain(`workerd@${WORKERD_VERSION} `);
});
