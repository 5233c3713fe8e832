import fc from "fast-check";
import {
  callAddress,
  callOf,
  LEDGER_CALLS,
  readCall,
  readResult,
  writeCall,
  writeResult,
} from "../../../../gate/worker/ledger/process";

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

describe("a call on its way to the ledger's process and back", () => {
  it("has the arguments that were given, and entries unquoted", () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }))),
        fc.string({ unit: "binary" }),
        (values, isolate) => {
          const entries = values.map((value) => JSON.stringify(value));
          const args = [{ isolate, batch: 1, entries, reported: [{ lease: 1, requests: 2 }], closed: [] }];
          const body = writeCall("settle", args);
          expect(readCall("settle", body)).toEqual(args);
          for (const entry of entries) expect(body).toContain(`\n${entry}`);
        },
      ),
    );
  });

  it("has those of every other call as JSON", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...LEDGER_CALLS.filter((call) => call !== "settle")),
        fc.array(fc.jsonValue()),
        (call, args) => {
          expect(readCall(call, writeCall(call, args))).toEqual(JSON.parse(JSON.stringify(args)));
        },
      ),
    );
  });

  it("comes back with the result, whatever the text in it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(), (text, last) => {
        expect(readResult(writeResult({ text, last, keys: ["a\nb"] }))).toEqual({ text, last, keys: ["a\nb"] });
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(readResult(writeResult(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
    expect(readResult(writeResult(undefined))).toBeNull();
  });
});
