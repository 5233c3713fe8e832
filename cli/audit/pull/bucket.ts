import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { checkpointKey, lastOfArchive } from "../../../gate/policy/archiveKeys";
import { asList, asRecord, asText } from "../../../infra/config/json";
import { failureOf, type Reader, type Response } from "../../live/reader";
import { CouldNotRun } from "../../support/exit";
import { reasonOf } from "../../support/fileReasons";
import { readNamedFile } from "../../support/files";
import { parseCheckpoint } from "../checkpoints";
import type { Piece, Source } from "./records";

/**
 * The archive in R2, object by object, over Cloudflare's API. It needs the right to read the bucket and nothing of the
 * gate.
 * @param account path of the account
 */
export function bucketSource(cloudflare: Reader, account: string, bucket: string): Source {
  const base = `${account}/r2/buckets/${bucket}/objects`;
  const ask = async (path: string): Promise<Response> => {
    const response = await cloudflare.again(path);
    const { status } = response.call;
    if (status !== 200 && status !== 404)
      throw new CouldNotRun(
        `Cloudflare does not show the bucket ${bucket}: ${failureOf(response)}; CLOUDFLARE_API_TOKEN needs Workers R2 Storage: Read`,
      );
    return response;
  };
  return {
    name: `the bucket ${bucket}`,
    async *pieces(after) {
      let cursor = "";
      do {
        const listed = await ask(
          `${base}?per_page=1000&prefix=audit/${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
        );
        if (listed.call.status === 404) throw new CouldNotRun(`Cloudflare has no bucket ${bucket}; is --stack right?`);
        const answer = asRecord(listed.json());
        const keys = asList(answer.result).map((one) => asText(asRecord(one).key));
        const info = asRecord(answer.result_info);
        cursor = info.is_truncated === true ? asText(info.cursor) : "";
        for (const key of keys.filter((one) => lastOfArchive(one) > after)) {
          const object = await ask(`${base}/${key}`);
          if (object.call.status === 404) continue;
          const signed = await ask(`${base}/${checkpointKey(lastOfArchive(key))}`);
          yield piece(object.text, signed.call.status === 200 ? signed.text : undefined);
        }
      } while (cursor !== "");
    },
  };
}

/** The archive of a self-hosted gate: the folder that its configuration names (`auditDirectory`). */
export function directorySource(dir: string): Source {
  return {
    name: dir,

    async *pieces(after) {
      let names: string[];
      try {
        names = readdirSync(dir);
      } catch (error) {
        throw new CouldNotRun(`${dir}: the folder cannot be read: ${reasonOf(error)}`);
      }
      for (const name of names.filter((one) => lastOfArchive(one) > after).sort()) {
        const signed = join(dir, checkpointKey(lastOfArchive(name)));
        yield piece(
          readNamedFile(join(dir, name)).toString("utf8"),
          existsSync(signed) ? readNamedFile(signed).toString("utf8") : undefined,
        );
      }
    },
  };
}

function piece(text: string, signed: string | undefined): Piece {
  const checkpoint = signed === undefined ? undefined : parseCheckpoint(signed.trim());
  return { text, ...(checkpoint === undefined ? {} : { checkpoint }) };
}
