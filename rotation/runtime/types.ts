/** Where an agent runs, and where its sessions take the gate key from. */
export interface AgentRuntime {
  /** For a person, such as `the vault github-gate-agent at Anthropic`. */
  readonly name: string;
  /**
   * Stores the gate key there. Doing it twice has the effect of doing it once.
   * @returns what has the key now, in words
   * @throws NeedsPerson where the key would be stored in a place that is not as declared: then nothing was written
   */
  give(key: string): Promise<readonly string[]>;
  /** Ids of the sessions that are not over and take the key from there; undefined where the runtime cannot tell. */
  sessions(): Promise<readonly string[] | undefined>;
  /** What makes a session show the key. */
  readonly toTry: string;
}
