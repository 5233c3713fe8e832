import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  ProviderError,
  UNKNOWN,
  type DetailedDiff,
  type ProviderPackage,
  type Props,
  type SandboxProvider,
} from "../../../providers/types";

/** What a call does before it returns; a test may kill the process here. */
export interface CloudHooks {
  /** After the cloud changed, before the provider answers. */
  afterEffect?(what: string): void;
  /** Milliseconds that every change takes. */
  delayMs?: number;
}

const MAIN = "cloud:index/thing:Thing";
const types = [MAIN, "cloud:index/single:Single"];
const nameOf = (key: unknown): string => `${encodeURIComponent(String(key))}.json`;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * A small service whose things are files in a folder, so that they outlive the process that made them. A thing is known
 * by its `key`, which cannot change (a new key is a new thing); making one that exists is refused, as services do.
 * `Single` is the same, but must be deleted before its successor is made. `failOn: "create"|"update"|"delete"` makes
 * that call fail, and `"partial"|"partial-update"` makes it fail after the thing was made or changed.
 */
export function cloudPackage(dir: string, hooks: CloudHooks = {}): ProviderPackage {
  mkdirSync(dir, { recursive: true });
  const fileOf = (id: string): string => join(dir, nameOf(id));
  const log = (line: string): void => appendFileSync(join(dir, "log"), `${line}\n`);
  const load = (id: string): Props | undefined =>
    existsSync(fileOf(id)) ? (JSON.parse(readFileSync(fileOf(id), "utf8")) as Props) : undefined;
  const change = async (what: string, effect: () => void): Promise<void> => {
    log(`start ${what}`);
    await sleep(hooks.delayMs ?? 0);
    effect();
    log(what);
    hooks.afterEffect?.(what);
  };
  const outputsOf = (inputs: Props): Props => ({
    ...inputs,
    length: String(inputs.value ?? "").length,
    token: `token-of-${String(inputs.key)}`,
  });
  const provider: SandboxProvider = {
    check: (_urn, _olds, news) =>
      Promise.resolve({
        inputs: { colour: "grey", ...news },
        failures: [
          ...(news.key === undefined ? [{ property: "key", reason: "it is required" }] : []),
          ...(news.colour === "black" ? [{ property: "colour", reason: "black is not a colour here" }] : []),
        ],
      }),
    diff: (_id, urn, _outputs, olds, news, ignoreChanges = []) => {
      const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
        (key) => !ignoreChanges.includes(key) && JSON.stringify(olds[key]) !== JSON.stringify(news[key]),
      );
      const replaces: string[] = changed.filter((key) => key === "key" || key === "shape");
      const detailedDiff: DetailedDiff = Object.fromEntries(
        changed.map((key) => {
          const kind = olds[key] === undefined ? "add" : news[key] === undefined ? "delete" : "update";
          return [key, { kind: replaces.includes(key) ? (`${kind}-replace` as const) : kind, inputDiff: true }];
        }),
      );
      return Promise.resolve({
        changes: changed.length > 0,
        replaces,
        detailedDiff,
        deleteBeforeReplace: urn.includes(":Single::"),
      });
    },
    create: async (_urn, inputs, preview) => {
      if (preview) return { id: "", outs: { ...inputs, length: UNKNOWN, token: UNKNOWN } };
      const id = String(inputs.key);
      if (inputs.failOn === "create") throw new ProviderError(`the cloud refused to create ${id}`);
      await change(`create ${id}`, () => {
        if (existsSync(fileOf(id))) throw new ProviderError(`${id} exists already`);
        writeFileSync(fileOf(id), JSON.stringify(inputs));
      });
      if (inputs.failOn === "partial")
        throw new ProviderError(`${id} was made but never became ready`, ["not ready"], {
          id,
          outs: outputsOf(inputs),
          inputs,
        });
      return { id, outs: outputsOf(inputs) };
    },
    read: (id) => {
      log(`read ${id}`);
      const found = load(id);
      return Promise.resolve(found ? { id, props: outputsOf(found), inputs: found } : {});
    },
    update: async (id, _urn, _outputs, _olds, news, preview) => {
      if (preview) return { outs: { ...outputsOf(news), length: UNKNOWN } };
      if (news.failOn === "update") throw new ProviderError(`the cloud refused to update ${id}`);
      await change(`update ${id}`, () => {
        if (!load(id)) throw new ProviderError(`${id} does not exist`);
        writeFileSync(fileOf(id), JSON.stringify(news));
      });
      if (news.failOn === "partial-update")
        throw new ProviderError(`${id} was changed but never became ready`, ["not ready after the change"], {
          id,
          outs: outputsOf(news),
          inputs: news,
        });
      return { outs: outputsOf(news) };
    },
    delete: async (id, _urn, props) => {
      if (props.failOn === "delete") throw new ProviderError(`the cloud refused to delete ${id}`);
      await change(`delete ${id}`, () => rmSync(fileOf(id), { force: true }));
    },
    invoke: (token, args) =>
      Promise.resolve(
        token.endsWith("getThing")
          ? {
              result: load(String(args.key)) ?? {},
              ...(load(String(args.key)) ? {} : { failures: [{ property: "key", reason: "no such thing" }] }),
            }
          : { result: {} },
      ),
    secretOutputs: () => ["token"],
    find: (_type, inputs) => Promise.resolve(load(String(inputs.key)) ? { id: String(inputs.key) } : undefined),
  };
  return {
    name: "cloud",
    version: "1.2.3",
    types,
    functions: ["cloud:index/getThing:getThing"],
    create: (config) => {
      log(`configure ${JSON.stringify(config)}`);
      return Promise.resolve(provider);
    },
  };
}

/** The things that exist, by key. */
export function thingsIn(dir: string): Record<string, Props> {
  return Object.fromEntries(
    readdirSync(dir)
      .filter((name) => name.endsWith(".json"))
      .sort()
      .map((name) => [
        decodeURIComponent(name.slice(0, -".json".length)),
        JSON.parse(readFileSync(join(dir, name), "utf8")) as Props,
      ]),
  );
}

/** What was done to the cloud, oldest first. */
export const cloudLog = (dir: string): string[] =>
  existsSync(join(dir, "log")) ? readFileSync(join(dir, "log"), "utf8").trim().split("\n") : [];
