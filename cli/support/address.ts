import { CouldNotRun } from "./exit";

/**
 * An address from an environment variable, without slashes at its end; undefined when the variable is not set.
 * @throws CouldNotRun when it is no address of HTTP
 */
export function addressFrom(env: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  const value = env[name];
  if (!value) return undefined;
  if (!/^https?:$/.test(URL.canParse(value) ? new URL(value).protocol : ""))
    throw new CouldNotRun(`${name}: ${JSON.stringify(value)} is not an address; give one such as https://host.example`);
  return value.replace(/\/+$/, "");
}

/** The host of an address, with its port; "" for what is no address. */
export const hostOf = (address: string): string => (URL.canParse(address) ? new URL(address).host : "");
