import { ownerTeamsVisible } from "../../../policy/rules/ownerTeamsVisible";
import { declare, said } from "../support/declare";

const team = (privacy: unknown) => declare("github:index/team:Team", { name: "a", privacy });

describe("owner-teams-visible", () => {
  it("holds for closed teams", () => expect(said(ownerTeamsVisible, team("closed"), team(undefined))).toEqual([]));
  it("refuses secret ones", () => expect(said(ownerTeamsVisible, team("secret"))).toEqual(["The team is secret."]));
});
