import { type ApiFault, faultFields, faultText, parseFault as parseApiFault } from "../../tools/faults";

/**
 * A failure of a Worker's binding: its calls reject, or come late. It lasts until it is cleared, or for `times` calls.
 */
export interface BindingFault {
  readonly binding: string;
  /** Name of the script; every script that has the binding when absent. */
  readonly script?: string | undefined;
  /** Calls are delayed by this and then work; without it they reject. */
  readonly delayMs?: number | undefined;
  /** Text of the error that the Worker sees. */
  readonly message?: string | undefined;
  /** Number of calls that fail, after which the binding works; without it all do. */
  readonly times?: number | undefined;
}

/** Reads the body of `POST _sandbox/faults`. @throws Error naming the field that is wrong and what it may be */
export function parseFault(body: unknown): { api: ApiFault } | { binding: BindingFault } {
  const b = faultFields(body);
  const binding = faultText(b, "binding");
  if (binding !== undefined)
    return {
      binding: {
        binding,
        script: faultText(b, "script"),
        delayMs: b["delayMs"] as number | undefined,
        message: faultText(b, "message"),
        times: b["times"] as number | undefined,
      },
    };
  if (faultText(b, "pathPrefix") === undefined)
    throw new Error("pathPrefix: a string such as /accounts/, or binding: the name of a Worker's binding");
  return { api: parseApiFault(b) };
}
