import type { AuditEntry } from "../../../../gate/policy/audit";
import { EntryQueue, FURTHER_REQUESTS } from "../../../../gate/worker/ledger/entryQueue";
import { entry, longest } from "../../support/auditEntry";

describe("a queue of audit entries that is full", () => {
  it("keeps what it has, and counts the others in one record", () => {
    const queue = new EntryQueue({ entries: 3, size: 100_000 });
    const added = Array.from({ length: 8 }, (_, i) => queue.add(entry({ requestId: `r-${i}` })));
    expect(added).toEqual([true, true, true, false, false, false, false, false]);
    expect(queue.take({ entries: 2, size: 100_000 }).map((t) => (JSON.parse(t) as AuditEntry).requestId)).toEqual([
      "r-0",
      "r-1",
    ]);
    const rest = queue.take({ entries: 10, size: 100_000 }).map((text) => JSON.parse(text) as AuditEntry);
    expect(rest.map((e) => [e.requestId, e.findings])).toEqual([
      ["r-2", []],
      ["r-3", [{ rule: FURTHER_REQUESTS, offset: 4 }]],
    ]);
    expect(queue.length).toBe(0);
  });

  it("is bounded by size as well, and takes within a size", () => {
    const queue = new EntryQueue({ entries: 1000, size: 10_000 });
    for (let i = 0; i < 100; i++) queue.add(entry({ path: longest }));
    expect(queue.take({ entries: 1000, size: 4_000 }).length).toBeLessThan(4);
    let texts = 0;
    while (queue.length > 0) texts += queue.take({ entries: 1000, size: 4_000 }).join("").length;
    expect(texts).toBeLessThan(12_000);
  });
});
