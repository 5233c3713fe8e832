import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Auth } from "../auth";
import { readBody } from "../http/respond";
import { mayOn } from "../permissions";
import type { Repository } from "../state";
import type { World } from "../world";

const TYPE = "application/vnd.git-lfs+json";
const MAX_OBJECT = 100 * 1024 * 1024;

interface LfsObject {
  oid: string;
  size: number;
}

/** Git LFS: the batch answer names addresses on the blob host, which needs no credential for the minutes they work. */
export async function serveLfs(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  repo: Repository,
  auth: Auth,
  action: string,
): Promise<void> {
  const answer = (status: number, body: unknown): void => {
    const text = JSON.stringify(body);
    response.writeHead(status, { "content-type": TYPE, "content-length": String(Buffer.byteLength(text)) });
    response.end(text);
  };
  const body = JSON.parse((await readBody(request, 1_000_000)).toString() || "{}") as {
    operation?: string;
    objects?: LfsObject[];
  };
  if (action === "locks/verify") return answer(200, { ours: [], theirs: [] });
  const upload = body.operation === "upload";
  if (upload && !mayOn(world, auth, repo, "write", "contents=write"))
    return answer(403, { message: "You do not have permission to push to this repository." });
  if (!Array.isArray(body.objects) || body.objects.some((o) => !/^[0-9a-f]{64}$/.test(o.oid)))
    return answer(422, { message: "Invalid objects" });
  const objects = await Promise.all(body.objects.map((o) => describe(world, repo, o, upload)));
  answer(200, { transfer: "basic", objects, hash_algo: "sha256" });
}

async function describe(
  world: World,
  repo: Repository,
  { oid, size }: LfsObject,
  upload: boolean,
): Promise<Record<string, unknown>> {
  const dir = join(repo.gitDir, "lfs-objects");
  const file = join(dir, oid);
  const known = existsSync(file);
  if (upload) {
    if (known) return { oid, size };
    if (size > MAX_OBJECT)
      return { oid, size, error: { code: 422, message: "Size must be less than or equal to 100 MB" } };
    const href = world.blobs.receive(`lfs/${repo.id}/${oid}`, size, async (content) => {
      if (createHash("sha256").update(content).digest("hex") !== oid) return 422;
      await mkdir(dir, { recursive: true });
      await writeFile(file, content);
      return 200;
    });
    return { oid, size, authenticated: true, actions: { upload: { href, expires_in: 300 } } };
  }
  if (!known) return { oid, size, error: { code: 404, message: "Object does not exist" } };
  const href = world.blobs.offer(`lfs/${repo.id}/${oid}`, {
    contentType: "application/octet-stream",
    content: await readFile(file),
  });
  return { oid, size: (await stat(file)).size, authenticated: true, actions: { download: { href, expires_in: 300 } } };
}
