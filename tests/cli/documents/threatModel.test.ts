import { threatModelPage } from "../../../cli/documents/threatModel";
import { CATALOGUE, LOCKS, accessMatrix } from "../../../infra/model";
import { environment } from "../../support/environment";
import { POSTURES } from "./support/postures";

describe.each(Object.entries(POSTURES))("%s", (_, posture) => {
  const page = threatModelPage({ stack: "prod", environment: posture });
  const stopped = Object.values(accessMatrix(posture)).flatMap((place) => Object.entries(place?.stopped ?? {}));

  it("says of each forbidden action exactly the locks that the model says", () => {
    expect(stopped.length).toBeGreaterThan(10);
    for (const [id, locks] of stopped) {
      const title = CATALOGUE.find((action) => action.id === id)?.title ?? "";
      const found = page
        .split("\n")
        .filter((line) => line.startsWith(`| ${title} |`))
        .map((line) => line.split(" | ")[3]);
      expect([id, found]).toEqual([id, expect.arrayContaining([locks.map((lock) => `\`${lock}\``).join(", ")])]);
    }
  });

  it("explains each lock that it names, and names no other", () => {
    const named = new Set(stopped.flatMap(([, locks]) => locks));
    const explained = [...page.matchAll(/^\| `([a-z-]+)` \| (?!.*, )/gm)].map(([, id]) => id);
    for (const id of named) expect(page).toContain(`| \`${id}\` | ${LOCKS[id].enforcer} | ${LOCKS[id].how} |`);
    expect(explained.filter((id) => id !== undefined && id in LOCKS && !named.has(id as keyof typeof LOCKS))).toEqual(
      [],
    );
  });

  it("leaves no action with fewer than two enforcers without its reason", () => {
    expect(page).not.toMatch(/\| [01] enforcers/);
    expect(page).not.toContain("one lock alone");
  });
});

it("says what GitHub does not offer here", () => {
  const free = environment({
    plan: "free",
    repositories: [{ name: "site", access: "read", visibility: "private" }],
    "agent.credential": { kind: "app-installation", appId: 1, installationId: 2 },
  });
  expect(threatModelPage({ stack: "prod", environment: free })).toContain("Locks that GitHub does not offer here:");
  expect(threatModelPage({ stack: "prod", environment: environment() })).not.toContain("does not offer here");
});
