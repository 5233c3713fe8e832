import Anthropic, { APIConnectionError, APIError } from "@anthropic-ai/sdk";
import { outcome, pauseBefore, type FailedRequest } from "../decisions/retry";
import { isObject, type Json } from "../model/field";

/** Where the service is, and as whom to ask it. What is undefined the official SDK looks up by itself. */
export interface Settings {
  readonly apiKey?: string | undefined;
  readonly baseUrl?: string | undefined;
  readonly workspaceId?: string | undefined;
}

/** The settings of the provider's configuration; what it leaves out comes from the environment. */
export function settingsFrom(config: Readonly<Record<string, unknown>>, env: NodeJS.ProcessEnv): Settings {
  const chosen = (name: string, variable: string): string | undefined => {
    const value = config[name];
    return typeof value === "string" && value !== "" ? value : env[variable] || undefined;
  };
  return {
    apiKey: chosen("apiKey", "ANTHROPIC_API_KEY"),
    baseUrl: chosen("baseUrl", "ANTHROPIC_BASE_URL"),
    workspaceId: chosen("workspaceId", "ANTHROPIC_WORKSPACE_ID"),
  };
}

/** A refusal or a failure in words for whoever deploys. `status` undefined: no answer came. */
export class ServiceError extends Error {
  constructor(
    message: string,
    readonly status: number | undefined,
    /** Whether the service may have done what was asked. */
    readonly unclear: boolean,
  ) {
    super(message);
    this.name = "ServiceError";
  }
}

type Pause = (milliseconds: number) => Promise<void>;
const sleep: Pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The service behind the official SDK, whose own retries are off: it would send a create and a conflict again. */
export class Service {
  private made: Anthropic | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly pause: Pause = sleep,
  ) {}

  /** Fields of the settings that every call of the SDK takes. */
  get common(): { workspace_id?: string } {
    return this.settings.workspaceId ? { workspace_id: this.settings.workspaceId } : {};
  }

  private get client(): Anthropic {
    const { apiKey, baseUrl } = this.settings;
    this.made ??= new Anthropic({
      maxRetries: 0,
      timeout: 60_000,
      ...(apiKey ? { apiKey } : {}),
      ...(baseUrl ? { baseURL: baseUrl } : {}),
    });
    return this.made;
  }

  /**
   * Sends a request, and again after a rate limit. `again`: also after a failure that leaves open whether the service
   * did it, which only what has the same effect twice may ask for.
   */
  async send<T>(what: string, request: (beta: Anthropic["beta"]) => PromiseLike<T>, again: boolean): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        const answer = await request(this.client.beta);
        // A page of a proxy or of another server comes back as a text, with status 200.
        if (typeof answer === "string")
          throw new ServiceError(`${what}: ${this.place} answers, but not as the Claude API does`, 200, false);
        return answer;
      } catch (error) {
        const failed = failureOf(error);
        if (!failed) throw error;
        const unclear = outcome(failed) === "unclear";
        const wait = unclear && !again ? undefined : pauseBefore(failed, tries, Date.now());
        if (wait === undefined)
          throw new ServiceError(`${what}: ${this.wordsOf(error, failed)}`, failed.status, unclear);
        await this.pause(wait);
      }
    }
  }

  wait(milliseconds: number): Promise<void> {
    return this.pause(milliseconds);
  }

  private get place(): string {
    return this.settings.baseUrl ?? "https://api.anthropic.com";
  }

  private wordsOf(error: unknown, { status }: FailedRequest): string {
    const words = messageOf(error);
    if (status === undefined) return `no answer from ${this.place} (${words})`;
    if (status === 401)
      return `${this.place} does not take the API key (${words}); set claude:apiKey or ANTHROPIC_API_KEY to a key of the workspace`;
    if (status === 429)
      return `the rate limit lasts longer than this provider waits (${words}); run the same command later`;
    return `${words} (status ${status})`;
  }
}

function failureOf(error: unknown): FailedRequest | undefined {
  if (error instanceof APIConnectionError) return { header: () => undefined };
  if (!(error instanceof APIError)) return undefined;
  const headers = error.headers as Headers | undefined;
  return { status: error.status as number | undefined, header: (name) => headers?.get(name) ?? undefined };
}

/** The service's own sentence, without the request that it may quote around it. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const body = error instanceof APIError ? (error.error as Json | undefined) : undefined;
  const inner = isObject(body) && isObject(body.error) ? body.error.message : undefined;
  if (typeof inner === "string") return inner;
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return `${error.message}${cause}`;
}
