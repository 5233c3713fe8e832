import type { Command } from "commander";
import { LOOPBACK } from "../../gate/loopback";
import { CouldNotRun } from "../support/exit";
import type { StackOptions } from "../support/options";

/** What every rendered gate is asked: whose it is, where it goes, and where clients reach it. */
export interface RenderOptions extends StackOptions {
  readonly project: string;
  readonly out: string;
  readonly outputs?: string;
  readonly listen: string;
  readonly url?: string;
}

/** Adds `--outputs`, `--listen` and `--url`. */
export const withListening = (command: Command, listen: string): Command =>
  command
    .option("--outputs <file>", "what the stack says of its gate: pulumi stack output --json, or pulumi stack export")
    .option("--listen <address>", "address and port to listen on", listen)
    .option("--url <url>", "where clients reach it (default: http:// and the address, where that is on this machine)");

/** What to listen on so that only this machine reaches it. */
export const ON_MACHINE = new RegExp(String.raw`^${LOOPBACK}:\d{1,5}$`);
const ORIGIN = new RegExp(String.raw`^(?:https://[A-Za-z0-9.:[\]-]+|http://${LOOPBACK}(?::\d{1,5})?)$`);

/**
 * Where clients reach a gate: what `--url` says, or the address itself where that is on the machine, or the stack's own.
 * @throws CouldNotRun when none of them says it
 */
export function publicUrlOf(
  { url, listen }: Pick<RenderOptions, "url" | "listen">,
  scheme: string,
  declared: string | undefined,
): string {
  if (url !== undefined) return originOf("--url", url);
  if (ON_MACHINE.test(listen)) return `${scheme}://${listen}`;
  if (declared !== undefined) return declared;
  throw new CouldNotRun(
    `--url is missing: ${listen} is reached from elsewhere; name the address that clients use, such as https://gate.acme.dev`,
  );
}

/** An origin that a person gave. @throws CouldNotRun when it is none, or leads elsewhere without TLS */
export function originOf(option: string, value: string): string {
  const origin = value.replace(/\/$/, "");
  if (ORIGIN.test(origin)) return origin;
  throw new CouldNotRun(`${option} ${value}: give https://host without a path, or http:// on this machine`);
}
