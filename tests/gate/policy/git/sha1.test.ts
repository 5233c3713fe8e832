import { createHash } from "node:crypto";
import fc from "fast-check";
import { objectIdOf } from "../../../../gate/policy/git/sha1";

it("gives git's own ids", () => {
  expect(objectIdOf("blob", new Uint8Array(0))).toBe("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  expect(objectIdOf("tree", new Uint8Array(0))).toBe("4b825dc642cb6eb9a060e54bf8d69288fbee4904");
});

it("hashes header and content of any length", () => {
  fc.assert(
    fc.property(fc.constantFrom("blob", "commit", "tree"), fc.uint8Array({ maxLength: 300 }), (type, content) => {
      const hash = createHash("sha1").update(`${type} ${content.length}\0`).update(content);
      expect(objectIdOf(type, content)).toBe(hash.digest("hex"));
    }),
  );
});
