import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseStackFile } from "../../../infra/config";
import { DOCUMENTS, type DocumentName } from "../../../cli/documents";
import { environment } from "../../support/environment";
import { ROOT } from "../../support/sandbox";

const NAMES = Object.keys(DOCUMENTS) as DocumentName[];
const prod = parseStackFile(readFileSync(join(ROOT, "Pulumi.prod.yaml"), "utf8"), "Pulumi.prod.yaml");

it.each(NAMES)("docs/%s is what `gatehouse documents --stack prod --out docs` writes", (name) => {
  expect(DOCUMENTS[name]({ stack: "prod", environment: prod })).toBe(readFileSync(join(ROOT, "docs", name), "utf8"));
});

const KINDS = {
  "Vault, personal access token": environment(),
  "Workers KV, App": environment({
    tokenStore: { kind: "kv" },
    "agent.credential": { kind: "app-installation", appId: 1, installationId: 2 },
    "rotation.repository": undefined,
    "audit.alertWebhook": undefined,
  }),
  "Enterprise, reads alone": environment({
    plan: "enterprise",
    repositories: [{ name: "docs", access: "read" }],
  }),
  "a server of its own": environment({
    githubUrl: "https://github.acme.dev",
    "agent.credential": { kind: "ghes-impersonation", expiryDays: 30 },
  }),
};

describe.each(Object.entries(KINDS))("of a posture with %s", (_, posture) => {
  it.each(NAMES)(
    "%s is the same each time, whatever the order of the file, and has no empty cell of evidence",
    (name) => {
      const text = DOCUMENTS[name]({ stack: "prod", environment: posture });
      const turned = { ...posture, repositories: [...posture.repositories].reverse() };
      expect(DOCUMENTS[name]({ stack: "prod", environment: turned })).toBe(text);
      expect(text.endsWith("\n")).toBe(true);
      expect(text).not.toMatch(/undefined|\[object|NaN/);
    },
  );

  it.each(NAMES)("%s names no part that the posture does not have", (name) => {
    const text = DOCUMENTS[name]({ stack: "prod", environment: posture });
    if (posture.tokenStore.kind === "kv") expect(text).not.toMatch(/vault\.(?:Policy|kv)|`vault-policy`/);
    else expect(text).not.toContain("cloudflare-binding");
  });
});
