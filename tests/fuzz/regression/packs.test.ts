import { inflatesAsZlib } from "../oracles/packs";

it("refuses a set of Huffman codes that leaves codes unused, as zlib does", () => {
  expect(
    inflatesAsZlib({
      parts: [
        { text: "$\b\u0013", times: 3 },
        { text: "\u0000*", times: 3 },
        { text: "JNJMR\t", times: 2289 },
        { text: "\u000f! \f5V,", times: 5 },
        { text: "@\u0007M", times: 2281 },
      ],
      level: 4,
      strategy: 0,
      windowBits: 9,
      memLevel: 1,
      flips: [[107, 108]],
      pieces: [20],
    }),
  ).toBe(false);
});
