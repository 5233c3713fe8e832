import { workersNotPreviewed } from "../../../policy/rules/workersNotPreviewed";
import { declare, said } from "../support/declare";

const subdomain = (previewsEnabled: boolean) =>
  declare("cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain", { enabled: true, previewsEnabled });

describe("workers-not-previewed", () => {
  it("holds without them", () => expect(said(workersNotPreviewed, subdomain(false))).toEqual([]));
  it("refuses them", () =>
    expect(said(workersNotPreviewed, subdomain(true))).toEqual([
      "Older versions stay reachable at preview addresses.",
    ]));
});
