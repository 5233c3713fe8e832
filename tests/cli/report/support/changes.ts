import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildReport, type Report } from "../../../../cli/report/report";
import { readSnapshot } from "../../../../cli/report/snapshot";
import type { Verdict } from "../../../../cli/report/verdict";

const FOLDER = join(__dirname, "../../../fixtures/report/changes");
const file = (name: string): string => readFileSync(join(FOLDER, `${name}.json`), "utf8");
/** What `pulumi stack export` prints before the first update. */
const EMPTY =
  '{"version": 3, "deployment": {"manifest": {"time": "0001-01-01T00:00:00Z", "magic": "", "version": ""}}}';

/** The changes of tests/fixtures/report/make.ts, and what each does to the agent's power. */
export const CHANGES: readonly [name: string, verdict: Verdict][] = [
  ["first-deployment", "widened"],
  ["no-change", "unchanged"],
  ["widen", "widened"],
  ["narrow", "narrowed"],
  ["new-repository", "widened"],
  ["owner-removed", "widened"],
  ["reviewers-removed", "narrowed"],
  ["rule-weakened", "widened"],
  ["retention-cut", "widened"],
  ["bypass-added", "widened"],
  ["rotation-removed", "widened"],
  ["route-opened", "widened"],
  ["vault-policy-widened", "widened"],
];

interface State {
  urn: string;
  inputs: Record<string, never>;
}
/** What a program around our components could do, or somebody by hand: no environment file says it. */
const BY_HAND: Readonly<Record<string, readonly [resource: string, change: (inputs: State["inputs"]) => void]>> = {
  "bypass-added": [
    "gatehouse-fence-api-review",
    (inputs) => {
      const role: unknown = { actorId: 5, actorType: "RepositoryRole", bypassMode: "always" };
      (inputs.bypassActors as unknown as unknown[]).push(role);
    },
  ],
  "rotation-removed": ["gatehouse-rotator-cron", (inputs) => Object.assign(inputs, { schedules: [] })],
  "route-opened": ["gatehouse-gate-script", replaced("content", '"read": [', '"read": [\n      "gists.list",')],
  "owner-removed": ["gatehouse-owners-api-file", replaced("content", "/.github/workflows/ @acme/security\n", "")],
  "vault-policy-widened": ["gatehouse-store-policy-gate", replaced("policy", '["read"]', '["read", "update"]')],
};
function replaced(key: string, from: string, to: string): (inputs: State["inputs"]) => void {
  return (inputs) => {
    const text: string = inputs[key] as never;
    if (!text.includes(from)) throw new Error(`${key} has no ${from}`);
    Object.assign(inputs, { [key]: text.replace(from, to) });
  };
}

function after(name: string): string {
  const byHand = BY_HAND[name];
  if (byHand === undefined) return file(name);
  const [resource, change] = byHand;
  const state = JSON.parse(file("base")) as { deployment: { resources: State[] } };
  const found = state.deployment.resources.find(({ urn }) => urn.endsWith(`::${resource}`));
  if (found === undefined) throw new Error(`no ${resource}`);
  change(found.inputs);
  return JSON.stringify(state);
}

/** The report of one of them. */
export const reportOf = (name: string): Report =>
  buildReport({
    title: "Gatehouse posture report",
    before: readSnapshot(name === "first-deployment" ? EMPTY : file("base"), "before.json"),
    after: readSnapshot(after(name), `${name}.json`),
  });
