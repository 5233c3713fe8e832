/* Names of what stands in the audit bucket. Each sorts as what it counts. */

/** A number as it stands in a name: a sequence, or milliseconds. */
export const padded = (number: number): string => String(number).padStart(15, "0");

/** The archive object with the records from `first` to `last`. */
export const archiveKey = (first: number, last: number): string => `audit/${padded(first)}-${padded(last)}.jsonl`;

/** The number of the last record in an archive object, by its name, folder or none before it; NaN for any other name. */
export const lastOfArchive = (key: string): number => Number(/\d{15}-(\d{15})\.jsonl$/.exec(key)?.[1] ?? Number.NaN);

/** The checkpoint that signs the trail up to a record. */
export const checkpointKey = (seq: number): string => `checkpoints/${padded(seq)}.json`;
