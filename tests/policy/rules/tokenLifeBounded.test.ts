import { tokenLifeBounded } from "../../../policy/rules/tokenLifeBounded";
import { said, worker } from "../support/declare";

const rotator = (plan: object) => worker("GATEHOUSE_ROTATION", plan);

describe("token-life-bounded", () => {
  it("holds up to 30 days, and for kinds whose life GitHub fixes", () => {
    expect(said(tokenLifeBounded, rotator({ expiryDays: 30, everyDays: 20 }), rotator({ everyDays: 1 }))).toEqual([]);
  });

  it("refuses a longer life, and a token that ends before it is replaced", () => {
    expect(said(tokenLifeBounded, rotator({ expiryDays: 90, everyDays: 30 }))).toEqual(["The token may live 90 days."]);
    expect(said(tokenLifeBounded, rotator({ expiryDays: 14, everyDays: 20 }))).toEqual([
      "The token ends before it is replaced.",
    ]);
  });
});
