import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CORPUS } from "../../attacks/cases";
import { GATE_NAMES, policyOfGate } from "../../attacks/support/gates";
import { Rig } from "../../attacks/support/rig";
import { Runner } from "../../attacks/support/run";
import { CLASSES, type GateName } from "../../attacks/support/types";
import { itWhen } from "../../support/skip";
import { ROOT } from "../../support/sandbox";
import { keyHash, Nginx, noNginx } from "./support";

/* The attack corpus against nginx alone. nginx must stop every attack; where it stops one by another rule, or refuses
   what the Worker lets through, the page says so: UPDATE_DOCS=1 writes its table. */

const PAGE = join(ROOT, "docs/nginx.md");

/** What may differ from the Worker: how a refusal is said, and that something is refused. All else is a bypass. */
const OTHERWISE =
  /^answered [^]* instead of|^the answer does not hold|^the answer has [a-z-]+: |^reached GitHub \d+ times, expected|^got no answer$|^the answer has the header server$/;

/** Cases about something that nginx alone does not have, or where it sends less than was asked; the page names each. */
const WITHOUT: Readonly<Record<string, string>> = {
  "5.refused-override-empty":
    "nginx takes an empty header for an absent one, and sends none of the client's headers on",
  "16.github-secondary": "nginx passes GitHub's own limit on to the agent and does not remember it",
  "19.denied": "nginx has no operator's interface: revoke the token, or have Vault Agent write another",
  "19.stopped": "nginx has no operator's interface: stop nginx",
  "5.api-version-twice": "nginx 1.22 reads the first of two headers, judges it and sends it alone",
};

interface Row {
  attacks: number;
  stopped: number;
  same: number;
  twins: number;
  passed: number;
}

const differences = Object.entries(WITHOUT)
  .map(([id, why]) => `- \`${id}\`: ${why}.`)
  .join("\n");

const tableOf = (rows: ReadonlyMap<number, Row>): string =>
  [
    "| class | attacks | stopped | by the Worker's own rule | twins | let through, as by the Worker |",
    "|---|---|---|---|---|---|",
    ...[...rows].map(
      ([number, r]) =>
        `| ${number} ${CLASSES[number as keyof typeof CLASSES]} | ${r.attacks} | ${r.stopped} | ${r.same} | ${r.twins} | ${r.passed} |`,
    ),
    "",
    "These cases are about something that nginx alone does not have, or does in another way; all others are stopped as they are:",
    "",
    differences,
  ].join("\n");

itWhen(noNginx === "", noNginx)(
  "nginx alone stops every attack of the corpus, and the page says what it refuses beside that",
  async () => {
    const rig = await Rig.start();
    const running = new Map<GateName, Nginx>();
    const rows = new Map<number, Row>();
    const bypasses: string[] = [];
    const wrong: string[] = [];
    try {
      for (const name of GATE_NAMES) {
        const policy = policyOfGate(name, rig.world());
        if (policy === undefined || policy.v !== 1 || policy.repositories.length === 0) continue;
        running.set(
          name,
          await Nginx.start({
            policy,
            keys: [
              { agent: "agent", sha256: keyHash(rig.secrets.key) },
              { agent: "agent", sha256: keyHash(rig.secrets.oldKey), notAfter: "2020-01-01T00:00:00Z" },
            ],
            token: rig.secrets.token,
          }),
        );
      }
      const runner = new Runner(rig, {
        port: (name: GateName) => running.get(name)?.port ?? 0,
        addresses: () => ({
          sealed: "x",
          otherPurpose: "x",
          expired: "x",
          endless: "x",
          longLived: "x",
          unlisted: "x",
          closedRoute: "x",
          foreign: "x",
          otherPort: "x",
          userInfo: "x",
          file: "x",
          otherKey: "x",
        }),
      });
      for (const file of CORPUS) {
        const row: Row = { attacks: 0, stopped: 0, same: 0, twins: 0, passed: 0 };
        rows.set(file.class, row);
        for (const attack of file.attacks) {
          if (!running.has(attack.gate ?? "main")) continue;
          row.attacks++;
          const problems = await runner.attack(attack);
          const through = problems.filter((problem) => !OTHERWISE.test(problem));
          if (through.length === 0 || WITHOUT[attack.id] !== undefined) row.stopped++;
          else bypasses.push(`${attack.id}: ${through.join("; ")}`);
          if (problems.length === 0) row.same++;
        }
        for (const twin of file.twins) {
          if (!running.has(twin.gate ?? "main")) continue;
          row.twins++;
          const problems = await runner.twin(twin);
          if (problems.length === 0) row.passed++;
          // Refused is a difference; sent otherwise is a fault.
          else if (problems.some((problem) => !OTHERWISE.test(problem) && !problem.startsWith("GitHub got nothing")))
            wrong.push(`${twin.id}: ${problems.join("; ")}`);
        }
      }
      process.stdout.write(`\n${tableOf(rows)}\n${bypasses.concat(wrong).join("\n")}\n`);
      const known = CORPUS.flatMap((file) => file.attacks.map(({ id }) => id));
      expect(Object.keys(WITHOUT).filter((id) => !known.includes(id))).toEqual([]);
      expect(bypasses).toEqual([]);
      expect(wrong).toEqual([]);
      const page = readFileSync(PAGE, "utf8");
      const between = /(<!-- corpus -->\n)[\s\S]*?(\n<!-- \/corpus -->)/;
      const whole = page.replace(between, (_, from: string, to: string) => `${from}${tableOf(rows)}${to}`);
      if (process.env["UPDATE_DOCS"] === "1") writeFileSync(PAGE, whole);
      else expect(page).toBe(whole);
    } finally {
      for (const nginx of running.values()) await nginx.stop();
      await rig.stop();
    }
  },
  900_000,
);
