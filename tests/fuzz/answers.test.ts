import fc from "fast-check";
import { addressesLeadToTheGate } from "./oracles/answers";
import { fuzz, literal } from "./support/fuzz";

const parts = fc.oneof(
  fc.constantFrom(
    '"https://api.github.com',
    "https://api.github.com",
    '"https://api.github.com.evil.example/',
    '"https://github.com/acme/api.git"',
    '"https://github.com/acme/a.p-i_.git"',
    '"https://github.com/acme/docs.git.git"',
    '"https://github.com/acme/docs.git"',
    '"https://github.com/acme/apix.git"',
    '"https://github.com/acme/a%p-i_.git"',
    '"https://github.com/evil/api.git"',
    "https://github.com/acme/api.git",
    '"https://github.com/acme/api',
    '"https://githubxcom/acme/api.git"',
  ),
  fc.constantFrom('"', "\\", '\\"', "/", "{/id}", "?a=b", ".git", "$&", "é", "\u{1f600}", ":", ","),
  fc.string({ maxLength: 4 }),
);

describe("answers", () => {
  fuzz("addresses of GitHub lead to the gate", {
    values: fc.array(parts, { maxLength: 12 }).map((list) => list.join("")),
    holds: addressesLeadToTheGate,
    accepted: 0.2,
    regression: { from: "answers", call: (text) => `addressesLeadToTheGate(${literal(text)})` },
  });
});
