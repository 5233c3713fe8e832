import { diffObject } from "../../../engine/display/diff";
import { PropertyPrinter } from "../../../engine/display/printer";
import { Secret, type Values } from "../../../engine/values";

const printed = (old: Values, next: Values): string => {
  const printer = new PropertyPrinter();
  printer.diff(diffObject(old, next)!, 1);
  return printer.toString();
};
const shown = (values: Values): string => {
  const printer = new PropertyPrinter();
  printer.object(values, 1);
  return printer.toString();
};

describe("property values", () => {
  it("are aligned and nested, with secrets masked, unknowns named and JSON text shown as what it says", () => {
    expect(
      shown({
        b: { list: [1, { x: true }], none: [] },
        long: 'a "quoted" text',
        secret: new Secret("hidden"),
        later: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        json: `{"k":[1]}`,
        __internal: 1,
        nothing: null,
      }),
    ).toBe(`    b         : {
        list: [
            [0]: 1
            [1]: {
                x: true
            }
        ]
        none: []
    }
    json      : (json) {
        k: [
            [0]: 1
        ]
    }

    later     : [unknown]
    long      : "a \\"quoted\\" text"
    nothing   : <null>
    secret    : [secret]
`);
  });

  it("show what was added, removed and changed in the margin, at any depth", () => {
    expect(
      printed(
        { a: 1, gone: "x", list: [1, 2, 3], deep: { same: 1, changed: "old" }, secret: new Secret("one") },
        { a: "1", fresh: [true], list: [1, 4], deep: { same: 1, changed: "new" }, secret: new Secret("two") },
      ),
    ).toBe(`  ~ a     : 1 => "1"
  ~ deep  : {
      ~ changed: "old" => "new"
        same   : 1
    }
  + fresh : [
  +     [0]: true
    ]
  - gone  : "x"
  ~ list  : [
        [0]: 1
      ~ [1]: 2 => 4
      - [2]: 3
    ]
    secret: [secret]
`);
  });

  it("of many lines show the changed ones with two around them", () => {
    const lines = Array.from({ length: 12 }, (_, index) => `line ${index}`);
    const text = printed(
      { text: lines.join("\n") },
      { text: lines.map((line) => (line === "line 6" ? "changed" : line)).join("\n") },
    );
    expect(text).toBe(`  ~ text: 
        ...
        line 4
        line 5
      - line 6
      + changed
        line 7
        line 8
        ...
`);
  });
});
