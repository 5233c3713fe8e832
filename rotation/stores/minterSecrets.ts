import { Misuse } from "../errors";
import { pkcs8, withLineBreaks } from "../minters/appJwt";
import type { MinterSecrets } from "../minters";
import type { RotationPlan } from "../plan";

/** Name under which a kind's minting secret stands in its record; undefined for the kind that needs a person. */
export const MINTER_FIELD: Readonly<Record<RotationPlan["kind"], string | undefined>> = {
  "personal-access-token": undefined,
  "app-user-token": "app_client_secret",
  "app-installation": "app_private_key",
  "ghes-impersonation": "site_admin_token",
};

/** Reads the record at `<path>-minter`, or of the sealed cell `token-minter`. */
export function minterSecretsIn(record: Readonly<Record<string, string>> | undefined): MinterSecrets {
  return {
    ...(record?.app_private_key ? { appPrivateKey: record.app_private_key } : {}),
    ...(record?.app_client_secret ? { appClientSecret: record.app_client_secret } : {}),
    ...(record?.site_admin_token ? { siteAdminToken: record.site_admin_token } : {}),
  };
}

/**
 * The record that a person places. @throws Misuse for a kind that needs none, and for what cannot be that kind's secret
 */
export function minterRecord(kind: RotationPlan["kind"], secret: string): Record<string, string> {
  const field = MINTER_FIELD[kind];
  if (!field) throw new Misuse(`a token of kind ${kind} is made by a person: there is nothing to place`);
  if (field === "app_private_key") {
    pkcs8(secret);
    return { [field]: withLineBreaks(secret).trim() };
  }
  if (!/^[\x21-\x7e]{8,1024}$/.test(secret.trim()))
    throw new Misuse("this is no secret: give one line of printable characters");
  return { [field]: secret.trim() };
}
