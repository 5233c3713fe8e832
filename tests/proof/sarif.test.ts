import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installSarifMultitool } from "../support/linters";
import { everySarif } from "../support/sarif";
import { itWhen } from "../support/skip";

const tool = ((): { path: string; why: string } => {
  try {
    return { path: installSarifMultitool(), why: "" };
  } catch (error) {
    return { path: "", why: (error as Error).message };
  }
})();

/** What the validator finds by the standard's rules and by GitHub's. It exits with 0 whatever it finds. */
function findings(text: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-sarif-"));
  try {
    writeFileSync(join(folder, "in.sarif"), text);
    const { stdout } = spawnSync(
      tool.path,
      ["validate", "in.sarif", "--rule-kind", "Sarif;Ghas", "--output", "out.sarif", "--log", "ForceOverwrite"],
      { cwd: folder, encoding: "utf8", env: { ...process.env, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: "1" } },
    );
    expect(stdout).toContain("Analysis completed successfully.");
    const { runs } = JSON.parse(readFileSync(join(folder, "out.sarif"), "utf8").replace(/^\uFEFF/, "")) as {
      runs: { results?: { ruleId: string; level?: string; message: { arguments?: string[] } }[] }[];
    };
    return runs.flatMap(({ results = [] }) =>
      results.map(
        ({ ruleId, level = "warning", message }) => `${level} ${ruleId} ${(message.arguments ?? []).join(" ")}`,
      ),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("Microsoft's validator, with GitHub's rules", () => {
  const files = everySarif();
  const when = itWhen(tool.path !== "", tool.why);

  for (const [name, text] of Object.entries(files))
    when(
      `finds nothing in what is written: ${name}`,
      () => {
        expect(findings(text)).toEqual([]);
      },
      120_000,
    );

  when(
    "would find a rule without help, and a driver without an address",
    () => {
      const broken = (files.assess ?? "").replaceAll('"help":', '"notHelp":').replace('"informationUri":', '"x":');
      const found = findings(broken).join("\n");
      expect(found).toContain("error");
      expect(found).toContain("SARIF2005");
    },
    120_000,
  );
});
