import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { asList, asRecord, asText, type JsonRecord } from "../../../infra/config/json";
import { names, type Environment } from "../../../infra/model";
import type { Access } from "../../live/context";
import { failureOf, type Reader } from "../../live/reader";
import { CouldNotRun } from "../../support/exit";
import { reasonOf } from "../../support/fileReasons";

/** Where the gate keeps what GitHub delivered to it, one object for each delivery. */
export interface Deliveries {
  /** Names of the objects, oldest first. @throws CouldNotRun with the reason */
  names(): AsyncIterable<string>;
  /** Undefined when the object is gone. @throws CouldNotRun with the reason */
  read(name: string): Promise<string | undefined>;
}

const FOLDER = "webhooks/";
const NAME = /^webhooks\/\d{15}-([0-9a-f-]{36})\.json$/;

/** Those of a gate on Cloudflare, in its bucket. */
export function bucketDeliveries(cloudflare: Reader, environment: Environment): Deliveries {
  const base = `/accounts/${environment.gate.accountId}/r2/buckets/${names(environment).auditBucket}/objects`;
  return {
    async *names() {
      let cursor = "";
      do {
        const listed = await cloudflare.again(
          `${base}?per_page=1000&prefix=${FOLDER}${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
        );
        if (listed.call.status !== 200) throw new CouldNotRun(failureOf(listed));
        const answer = asRecord(listed.json());
        yield* asList(answer.result).map((one) => asText(asRecord(one).key));
        const info = asRecord(answer.result_info);
        cursor = info.is_truncated === true ? asText(info.cursor) : "";
      } while (cursor !== "");
    },
    async read(name) {
      const object = await cloudflare.again(`${base}/${name}`);
      if (object.call.status === 404) return undefined;
      if (object.call.status !== 200) throw new CouldNotRun(`${name}: ${failureOf(object)}`);
      return object.text;
    },
  };
}

/** Those of a self-hosted gate, in the folder that its configuration names (`auditDirectory`). */
export function directoryDeliveries(dir: string): Deliveries {
  const wanted = <T>(what: string, look: () => T): T | undefined => {
    try {
      return look();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new CouldNotRun(`${what}: ${reasonOf(error)}`);
    }
  };
  return {
    async *names() {
      // The gate makes the folder with the first delivery.
      const found = wanted(join(dir, FOLDER), () => readdirSync(join(dir, FOLDER))) ?? [];
      yield* found.sort().map((name) => `${FOLDER}${name}`);
    },
    read: async (name) => wanted(join(dir, name), () => readFileSync(join(dir, name), "utf8")),
  };
}

/**
 * Reads what GitHub delivered and is not on record yet.
 * @param known whether a delivery is on record
 * @param add takes one, with its time
 * @returns what could not be read, and why
 */
export async function readDeliveries(
  deliveries: Access<Deliveries>,
  known: (delivery: string) => boolean,
  add: (at: string, delivery: string, event: JsonRecord) => void,
): Promise<string[]> {
  const missing: string[] = [];
  const what = "webhooks that the gate keeps";
  if ("missing" in deliveries) return [`${what}: ${deliveries.missing}`];
  try {
    for await (const name of deliveries.client.names()) {
      const delivery = NAME.exec(name)?.[1];
      if (delivery === undefined || known(delivery)) continue;
      const text = await deliveries.client.read(name);
      if (text === undefined) continue;
      const event = eventOf(text);
      if (event === undefined) missing.push(`${what}: ${name} is not what the gate writes, and was left out`);
      else add(asText(event.at), delivery, event);
    }
  } catch (error) {
    if (!(error instanceof CouldNotRun)) throw error;
    missing.push(`${what}: ${error.message}`);
  }
  return missing;
}

/** What the gate kept of a delivery; undefined for anything else. */
function eventOf(text: string): JsonRecord | undefined {
  try {
    const event = asRecord(JSON.parse(text));
    return Number.isFinite(Date.parse(asText(event.at))) && typeof event.event === "string" ? event : undefined;
  } catch {
    return undefined;
  }
}
