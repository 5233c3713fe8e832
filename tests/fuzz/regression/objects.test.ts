import { PathMatcher } from "../../../gate/policy/text/globs";
import { readTree } from "../../../gate/policy/git/objects";

const tree = (...names: (string | number[])[]): Buffer =>
  Buffer.concat(
    names.map((name) =>
      Buffer.concat([Buffer.from("100644 "), Buffer.from(name as string), Buffer.from([0]), Buffer.alloc(20, 7)]),
    ),
  );

it("keeps apart names of a tree that are not UTF-8", () => {
  expect(readTree(tree([0xe8, 0x2e, 0x74], [0xe9, 0x2e, 0x74]))?.size).toBe(2);
  expect([...(readTree(tree("é😀.txt", [0xc3, 0xa9, 0xff, 0xe2, 0x82]))?.keys() ?? [])]).toEqual([
    "é😀.txt",
    "é\uf7ff\uf7e2\uf782",
  ]);
});

it("still refuses a name that is there twice, and protects what stands beside such a byte", () => {
  expect(readTree(tree([0xe8], [0xe8]))).toBeUndefined();
  const [name = ""] = [...(readTree(tree([0xff, 0x2e, 0x70, 0x65, 0x6d]))?.keys() ?? [])];
  expect(new PathMatcher(["*.pem"]).matches(name)).toBe(true);
});
