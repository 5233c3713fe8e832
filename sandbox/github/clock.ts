/** The stand-in's time: the machine's, moved forward by whoever rehearses an expiry. */
export class Clock {
  #offsetMs = 0;

  now(): number {
    return Date.now() + this.#offsetMs;
  }
  /** ISO 8601 without milliseconds, as GitHub prints times. */
  iso(atMs = this.now()): string {
    return new Date(atMs).toISOString().replace(/\.\d{3}Z$/, "Z");
  }
  advance(ms: number): void {
    this.#offsetMs += ms;
  }
  get offsetMs(): number {
    return this.#offsetMs;
  }
}
