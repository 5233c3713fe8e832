import { parentPort, workerData } from "node:worker_threads";
import type { Head } from "../../gate/policy/checkpoint";
import { checkPart } from "./chain";

/** How often the thread says how far it is: a message costs more than a mebibyte's hash. */
const TOLD_BYTES = 64 * 1024 * 1024;

/** A thread that checks one part of a trail. It posts the bytes that it has read now and then, and the part at its end. */
const { file, start, end, checkpoints } = workerData as {
  file: string;
  start: number;
  end: number;
  checkpoints: readonly Head[];
};
let untold = 0;
const part = checkPart(file, { start, end, checkpoints }, (bytes) => {
  untold += bytes;
  if (untold < TOLD_BYTES) return;
  parentPort?.postMessage(untold);
  untold = 0;
});
parentPort?.postMessage(part);
