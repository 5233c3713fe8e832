import { createHash } from "node:crypto";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { asRecord, asText } from "../../infra/config/json";
import { CouldNotRun } from "../support/exit";
import { readNamedFile, writeNamedFile } from "../support/files";

/** An answer as it is kept: what a reader needs to go on from it. */
export interface KeptAnswer {
  readonly status: number;
  readonly text: string;
  /** Where the next page of a list is. */
  readonly link?: string;
}

const HEADER = "gatehouse assess --resume";
/** An older answer says too little about now. */
const OLDEST_MS = 60 * 60_000;

/**
 * Answers of a long command in a file, one a line, so that a run that was interrupted goes on where it ended. It is for
 * its owner's eyes alone, and holds no credential.
 */
export class Journal {
  private readonly kept = new Map<string, KeptAnswer>();

  /**
   * @param identity Who asks whom; answers to another one are not taken.
   * @throws CouldNotRun when the file is another one's, or cannot be written
   */
  constructor(
    private readonly file: string,
    identity: string,
    private readonly now: () => number,
  ) {
    const first = JSON.stringify({ [HEADER]: createHash("sha256").update(identity).digest("hex") });
    const [header = "", ...lines] = existsSync(file) ? readNamedFile(file).toString("utf8").split("\n") : [];
    if (header !== "" && !(HEADER in asRecord(parsed(header))))
      throw new CouldNotRun(`${file}: this is not a file of ${HEADER}; name a file that is not there yet`);
    const fresh =
      header === first ? lines.map((line) => asRecord(parsed(line))).filter((one) => this.isFresh(one)) : [];
    for (const { key, status, text, link } of fresh)
      this.kept.set(asText(key), {
        status: Number(status),
        text: asText(text),
        ...(typeof link === "string" ? { link } : {}),
      });
    writeNamedFile(file, "");
    chmodSync(file, 0o600);
    writeNamedFile(file, `${[first, ...fresh.map((one) => JSON.stringify(one))].join("\n")}\n`);
  }

  find(key: string): KeptAnswer | undefined {
    return this.kept.get(key);
  }

  keep(key: string, answer: KeptAnswer): void {
    writeNamedFile(this.file, `${JSON.stringify({ at: this.now(), key, ...answer })}\n`, "a");
  }

  /** The command is complete. */
  remove(): void {
    rmSync(this.file, { force: true });
  }

  private isFresh({ at, key, status }: Readonly<Record<string, unknown>>): boolean {
    return typeof key === "string" && typeof status === "number" && Number(at) > this.now() - OLDEST_MS;
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined; // the end of an interrupted line
  }
}
