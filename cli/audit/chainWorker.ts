import { parentPort, workerData } from "node:worker_threads";
import type { Head } from "../../gate/policy/checkpoint";
import { checkPart } from "./chain";

/** A thread that checks one part of a trail. */
const { file, start, end, checkpoints } = workerData as {
  file: string;
  start: number;
  end: number;
  checkpoints: readonly Head[];
};
parentPort?.postMessage(checkPart(file, { start, end, checkpoints }));
