import { webhooksSigned } from "../../../policy/rules/webhooksSigned";
import { SECRET } from "../../../policy/library";
import { declare, said } from "../support/declare";

const hook = (configuration: unknown) =>
  declare("github:index/organizationWebhook:OrganizationWebhook", { configuration });

describe("webhooks-signed", () => {
  it("holds with a secret, and where all of it is encrypted", () => {
    expect(said(webhooksSigned, hook({ url: "https://hooks.example", secret: SECRET }), hook(SECRET))).toEqual([]);
  });

  it("refuses one without, and a certificate that nobody checks", () => {
    expect(said(webhooksSigned, hook([{ url: "https://hooks.example", insecureSsl: true }]))).toEqual([
      "Deliveries are not signed.",
      "The receiver's certificate is not checked.",
    ]);
  });
});
