import { exportOf } from "../../bench/report/state";
import { renderHtml } from "../../cli/report/render/html";
import { buildReport } from "../../cli/report/report";
import { readSnapshot } from "../../cli/report/snapshot";
import { CHANGES, reportOf } from "../cli/report/support/changes";
import { itInBrowser, wrongs } from "../support/browser";

jest.setTimeout(300_000);

for (const [name] of CHANGES)
  itInBrowser(`${name}: no violation in light, dark, narrow and on paper, and no request`, async () => {
    expect(await wrongs(name, await renderHtml(reportOf(name)))).toEqual([]);
  });

itInBrowser("a report of 1,000 repositories is a page that a browser shows in time, without violation", async () => {
  const [before, after] = [exportOf(1_000), exportOf(1_000, { widened: 100 })].map((text) =>
    readSnapshot(text, "x.json"),
  );
  const html = await renderHtml(buildReport({ title: "Large", before: before!, after: after! }));
  expect(await wrongs("large", html)).toEqual([]);
});
