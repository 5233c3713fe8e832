import { callAddress, callOf, LEDGER_CALLS } from "../../../../gate/worker/ledger/process";

describe("what the ledger's process answers", () => {
  it("is each call that the gate makes", () => {
    expect(LEDGER_CALLS.map((call) => callOf({ method: "POST", url: callAddress(call) }))).toEqual(LEDGER_CALLS);
    expect(LEDGER_CALLS).toContain("settle");
  });

  it.each([
    ["GET", "http://ledger/settle"],
    ["PUT", "http://ledger/settle"],
    ["POST", "http://ledger/settle?x"],
    ["POST", "http://ledger/settle/"],
    ["POST", "http://ledger//settle"],
    ["POST", "http://elsewhere/settle"],
    ["POST", "http://ledger/"],
    ["POST", "http://ledger/alarm"],
    ["POST", "http://ledger/save"],
    ["POST", "http://ledger/constructor"],
    ["POST", "http://ledger/__proto__"],
  ])("is nothing else: %s %s", (method, url) => {
    expect(callOf({ method, url })).toBeUndefined();
  });
});
