import { CouldNotRun } from "../support/exit";
import { asRecord, type JsonRecord } from "../../infra/config/json";

/** One event of a preview that is streamed (`PULUMI_ENABLE_STREAMING_JSON_PREVIEW`). */
export type PreviewEvent = JsonRecord;

/** What a file holds: one document of Pulumi, whatever text stands before and after it. */
export type PulumiDocument =
  | { readonly kind: "export"; readonly deployment: JsonRecord }
  | { readonly kind: "preview"; readonly digest: JsonRecord }
  | { readonly kind: "plan"; readonly plan: JsonRecord }
  | { readonly kind: "events"; readonly events: readonly PreviewEvent[] };

const RUN = "give the output of `pulumi stack export` or `pulumi preview --json`, or a file of `--save-plan`";

/** Versions of the format of an export that this report knows: 4 says which features the state uses. */
const EXPORT_VERSIONS: readonly number[] = [3, 4];

/**
 * The kinds of events that say something about a state. Everything else, printed text and diagnostics above all, is not
 * kept.
 */
const EVENTS = ["preludeEvent", "resourcePreEvent", "resOutputsEvent", "summaryEvent", "cancelEvent"];

/**
 * The SDK's debug diagnostics hold secrets in clear. Such a line is known by its beginning, as Pulumi writes it, and is
 * dropped before anything reads it.
 */
const DIAGNOSTIC_LINE = /^\{(?:"(?:sequence|timestamp)":\d+,)*"diagnosticEvent":.*$/gm;

/** How Pulumi begins the line of an event. */
const EVENT_LINE = '{"sequence":';

/**
 * Finds Pulumi's document in a text. Lines of other programs around it are passed over; no message ever quotes the
 * text.
 * @throws CouldNotRun when there is none, when it ends in the middle, or when there are several.
 */
export function findDocument(text: string, file: string): PulumiDocument {
  const { objects, truncated, unreadEvent, failedAt } = jsonObjects(withoutDiagnostics(text));
  const documents = objects.flatMap((object) => documentOf(object, file));
  const events = objects.flatMap((object) => {
    const name = EVENTS.find((one) => one in object);
    return name === undefined ? [] : [{ [name]: object[name] }];
  });
  const at = (index: number): string => `line ${lineOf(text, index)}`;
  if (events.length > 0 && unreadEvent !== undefined)
    throw new CouldNotRun(
      `${file}: an event of the preview cannot be read, the file is damaged in ${at(unreadEvent)}; ${RUN}`,
    );
  if (events.length > 0) documents.push({ kind: "events", events });
  const [document, another] = documents;
  if (another) throw new CouldNotRun(`${file}: holds ${documents.length} documents; ${RUN}, one in a file`);
  if (document) return document;
  if (truncated !== undefined)
    throw new CouldNotRun(`${file}: not JSON to its end, what begins in ${at(truncated)} is cut off; ${RUN}`);
  if (objects.length === 0) throw new CouldNotRun(`${file}: not JSON in ${at(failedAt ?? beginning(text))}; ${RUN}`);
  if (objects.some((object) => "summary" in object && "result" in object))
    throw new CouldNotRun(`${file}: a summary of \`--output json\` or \`--summary\`, which names no resources; ${RUN}`);
  throw new CouldNotRun(`${file}: neither a stack export nor a preview nor a plan; ${RUN}`);
}

/** What one object of a file is; nothing where it is text of another program. */
function documentOf(object: JsonRecord, file: string): PulumiDocument[] {
  if ("deployment" in object) {
    const version = Number(object.version ?? EXPORT_VERSIONS[0]);
    if (!EXPORT_VERSIONS.includes(version))
      throw new CouldNotRun(
        `${file}: version: this export has format ${version}, and this report knows ${EXPORT_VERSIONS.join(" and ")}; take a Gatehouse as new as your Pulumi`,
      );
    return [{ kind: "export", deployment: asRecord(object.deployment) }];
  }
  if (Array.isArray(object.steps)) return [{ kind: "preview", digest: object }];
  if ("resourcePlans" in object) return [{ kind: "plan", plan: object }];
  return [];
}

/** Diagnostics leave their place as an empty line, so that lines keep their numbers. */
function withoutDiagnostics(text: string): string {
  const begun = text.startsWith("\uFEFF") ? text.slice(1) : text;
  return begun.includes('"diagnosticEvent":') ? begun.replace(DIAGNOSTIC_LINE, "") : begun;
}

/** Number of the line, from 1, of an index in the text without its diagnostics. */
const lineOf = (text: string, index: number): number => withoutDiagnostics(text).slice(0, index).split("\n").length;

/** Where the first text stands that is not blank. */
const beginning = (text: string): number => Math.max(0, withoutDiagnostics(text).search(/\S/));

/**
 * The JSON objects that begin at the start of a line, as Pulumi prints them, and where the first one begins that is cut
 * off, and the first event that cannot be read. What is nested stands deeper or within a
 * line, so a part of a document that was cut off is never taken for a document. A text without such a line is searched
 * from its first brace.
 */
function jsonObjects(text: string): {
  objects: JsonRecord[];
  truncated?: number;
  unreadEvent?: number;
  failedAt?: number;
} {
  let failedAt: number | undefined;
  // The usual file holds one document and nothing else; looking for its end would take longer than reading it.
  try {
    return { objects: [asRecord(JSON.parse(text))] };
  } catch (error) {
    // Something stands around it, or it is cut off. The message quotes the text, so only the place is taken from it.
    const place = / at position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
    failedAt = place === undefined ? undefined : Number(place);
  }
  const objects: JsonRecord[] = [];
  let truncated: number | undefined;
  let unreadEvent: number | undefined;
  const isEvent = (index: number): boolean => text.startsWith(EVENT_LINE, index);
  const atLineStart = /^\{/m.test(text);
  const begins = atLineStart ? /^\{/gm : /\{/g;
  for (let match = begins.exec(text); match; match = begins.exec(text)) {
    const end = endOfObject(text, match.index);
    if (end === undefined) {
      truncated ??= match.index;
      if (isEvent(match.index)) unreadEvent ??= match.index;
      if (atLineStart) continue;
      break;
    }
    try {
      objects.push(asRecord(JSON.parse(text.slice(match.index, end))));
      begins.lastIndex = end;
    } catch {
      // Braces in the text of another program, unless it is an event.
      if (isEvent(match.index)) unreadEvent ??= match.index;
    }
  }
  return {
    objects,
    ...(truncated === undefined ? {} : { truncated }),
    ...(unreadEvent === undefined ? {} : { unreadEvent }),
    ...(failedAt === undefined ? {} : { failedAt }),
  };
}

/** Index behind the brace that closes the one at `start`; undefined when nothing closes it. */
function endOfObject(text: string, start: number): number | undefined {
  const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}]/gs;
  tokens.lastIndex = start;
  let depth = 0;
  for (let token = tokens.exec(text); token; token = tokens.exec(text)) {
    if (token[0] === "{") depth++;
    else if (token[0] === "}" && --depth === 0) return tokens.lastIndex;
  }
  return undefined;
}
