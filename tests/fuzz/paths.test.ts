import { requestGoesWhereItSays, targetIsCanonical } from "./oracles/paths";
import { fuzz, literal } from "./support/fuzz";
import { raw, requests } from "./support/targets";

describe("paths", () => {
  fuzz("are canonical to every reader, or refused", {
    values: raw,
    holds: targetIsCanonical,
    accepted: 0.02,
    regression: { from: "paths", call: (t) => `targetIsCanonical(${literal(t)})` },
  });
  fuzz("lead where a plain reader sees them lead", {
    values: requests,
    holds: requestGoesWhereItSays,
    accepted: 0.06,
    regression: { from: "paths", call: (r) => `requestGoesWhereItSays(${literal(r)})` },
  });
});
