import { createHash } from "node:crypto";
import { names } from "../../infra/model";
import { controlRows, evidenceText, type ControlRow } from "../controls/rows";
import { claimsOf, type DocumentInput } from "./posture";

/** The newest version that compliance-trestle validates. */
const OSCAL_VERSION = "1.2.1";
/** When the control mapping last changed; the file may hold no time of the run, or it would differ from run to run. */
const REVISED = "2026-11-30T00:00:00Z";
/** Names of properties that OSCAL does not have. */
const NAMESPACE = "urn:gatehouse:oscal";
/** RFC 9562, appendix of name spaces: the one of URLs. */
const URL_NAMESPACE = Buffer.from("6ba7b8119dad11d180b400c04fd430c8", "hex");

/** UUID version 5 of RFC 9562: the same name gives the same id, so the file is reproducible. */
export function uuidOf(name: string): string {
  const hash = createHash("sha1").update(URL_NAMESPACE).update(name).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * A control's id as OSCAL's token. Of SP 800-53 it is the catalog's own: `AC-6(5)` is `ac-6.5`. The other standards
 * have no catalog in OSCAL; their ids become tokens by the same spelling.
 */
export function controlToken(prefix: string, id: string): string {
  const own = prefix === "NIST SP 800-53" || prefix === "NIST AI RMF" ? id.slice(prefix.length + 1) : id;
  return own
    .toLowerCase()
    .replace(/\((\d+)\)/g, ".$1")
    .replace(/[^a-z0-9.]+/g, "-");
}

/**
 * An OSCAL component definition: one component, the posture, with one control implementation for each standard.
 * @returns JSON with a line break at its end
 */
export function oscalComponentDefinition(input: DocumentInput): string {
  const { environment, stack } = input;
  const base = `urn:gatehouse:${environment.organization}:${stack}`;
  const requirement = (prefix: string, row: ControlRow): object => {
    const evidence = evidenceText(row.evidence, (text) => text);
    return {
      uuid: uuidOf(`${base}:requirement:${row.id}`),
      "control-id": controlToken(prefix, row.id),
      description: row.contributes,
      props: [
        { name: "control-name", ns: NAMESPACE, value: row.id },
        { name: "posture", ns: NAMESPACE, value: row.status.replace(" ", "-") },
        ...(row.topic === undefined ? [] : [{ name: "topic", ns: NAMESPACE, value: row.topic }]),
      ],
      remarks: [
        ...(evidence === "" ? [] : [`Evidence: ${evidence}.`]),
        ...(row.limit === "" ? [] : [`Not covered, or needed: ${row.limit}`]),
      ].join("\n\n"),
    };
  };
  const document = {
    "component-definition": {
      uuid: uuidOf(`${base}:component-definition`),
      metadata: {
        title: `Gatehouse posture of ${environment.organization}, stack ${stack}`,
        "last-modified": REVISED,
        version: "1",
        "oscal-version": OSCAL_VERSION,
      },
      components: [
        {
          uuid: uuidOf(`${base}:component`),
          type: "service",
          title: `Access of ${environment.agent.machineUser} to GitHub`,
          description:
            `The security posture of an AI coding agent's access to repositories of ${environment.organization}: ` +
            `machine user, review rules, token store, the gate ${names(environment).gateScript}, audit trail and token rotation, declared by one Pulumi stack.`,
          "control-implementations": controlRows(claimsOf(environment)).flatMap(({ framework, rows }) => {
            const covered = rows.filter(({ status }) => status !== "nothing");
            return covered.length === 0
              ? []
              : [
                  {
                    uuid: uuidOf(`${base}:implementation:${framework.prefix}`),
                    source: framework.source,
                    description: `${framework.title}, ${framework.version}. ${framework.note}`,
                    "implemented-requirements": covered.map((row) => requirement(framework.prefix, row)),
                  },
                ];
          }),
        },
      ],
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
