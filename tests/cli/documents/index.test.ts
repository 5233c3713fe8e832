import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseStackFile } from "../../../infra/config";
import { DOCUMENTS, type DocumentName } from "../../../cli/documents";
import { ROOT } from "../../support/sandbox";
import { POSTURES, SECRETS } from "./support/postures";

const NAMES = Object.keys(DOCUMENTS) as DocumentName[];
const prod = parseStackFile(readFileSync(join(ROOT, "Pulumi.prod.yaml"), "utf8"), "Pulumi.prod.yaml");

it.each(NAMES)("docs/%s is what `gatehouse documents --stack prod --out docs` writes", (name) => {
  expect(DOCUMENTS[name]({ stack: "prod", environment: prod })).toBe(readFileSync(join(ROOT, "docs", name), "utf8"));
});

describe.each(Object.entries(POSTURES))("of a posture with %s", (_, posture) => {
  it.each(NAMES)("%s is the same each time, whatever the order of the file", (name) => {
    const text = DOCUMENTS[name]({ stack: "prod", environment: posture });
    const turned = { ...posture, repositories: [...posture.repositories].reverse() };
    expect(DOCUMENTS[name]({ stack: "prod", environment: turned })).toBe(text);
    expect(text.endsWith("\n")).toBe(true);
    expect(text).not.toMatch(/undefined|\[object|NaN/);
  });

  it.each(NAMES)("%s holds nothing secret", (name) => {
    const text = DOCUMENTS[name]({ stack: "prod", environment: posture });
    for (const secret of SECRETS) expect(text).not.toContain(secret);
  });

  it.each(NAMES)("%s names no part that the posture does not have", (name) => {
    const text = DOCUMENTS[name]({ stack: "prod", environment: posture });
    if (posture.tokenStore.kind === "kv")
      expect(text).not.toMatch(/vault\.(?:Policy|kv)|`vault-policy`|vault operator/);
    else expect(text).not.toContain("cloudflare-binding");
  });
});
