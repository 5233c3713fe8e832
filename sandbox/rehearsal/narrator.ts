import { colors as pc } from "../../cli/support/colors";

/** Tells a person what is going on: numbered steps, a line for each thing that happened, and how long a step took. */
export class Narrator {
  private number = 0;
  private readonly start = Date.now();

  constructor(
    private readonly write: (text: string) => void = (text) => {
      process.stdout.write(text);
    },
  ) {}

  line(text = ""): void {
    this.write(`${text}\n`);
  }

  note(text: string): void {
    this.line(pc.dim(`   ${text}`));
  }

  /** Runs one step under a heading; its failure is the caller's. */
  async step<T>(title: string, run: () => Promise<T>): Promise<T> {
    this.number += 1;
    const began = Date.now();
    this.line(`\n${pc.bold(`${this.number}. ${title}`)}`);
    const result = await run();
    this.note(`done in ${((Date.now() - began) / 1000).toFixed(1)} s`);
    return result;
  }

  /** Seconds since the start. */
  get elapsed(): string {
    return ((Date.now() - this.start) / 1000).toFixed(0);
  }
}
