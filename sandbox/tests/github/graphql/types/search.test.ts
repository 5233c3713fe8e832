import { parseSearch } from "../../../../github/graphql/types/search";

it("splits a search into words and qualifiers", () => {
  expect(parseSearch('is:pr -author:@me label:"good first issue" hello "two words"')).toEqual({
    words: ["hello", "two words"],
    qualifiers: [
      { name: "is", value: "pr", not: false },
      { name: "author", value: "@me", not: true },
      { name: "label", value: "good first issue", not: false },
    ],
  });
});
