import { CouldNotRun } from "../support/exit";
import { asRecord, type JsonRecord } from "../../infra/config/json";

/** One event of a preview that is streamed (`PULUMI_ENABLE_STREAMING_JSON_PREVIEW`). */
export type PreviewEvent = JsonRecord;

/** What a file holds: one document of Pulumi, whatever text stands before and after it. */
export type PulumiDocument =
  | { readonly kind: "export"; readonly deployment: JsonRecord }
  | { readonly kind: "preview"; readonly digest: JsonRecord }
  | { readonly kind: "events"; readonly events: readonly PreviewEvent[] };

const RUN = "give the output of `pulumi stack export` or `pulumi preview --json`";

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
  const { objects, truncated, unreadEvent } = jsonObjects(text.replace(/^\uFEFF/, "").replace(DIAGNOSTIC_LINE, ""));
  const documents = objects.flatMap((object): PulumiDocument[] =>
    "deployment" in object
      ? [{ kind: "export", deployment: asRecord(object.deployment) }]
      : Array.isArray(object.steps)
        ? [{ kind: "preview", digest: object }]
        : [],
  );
  const events = objects.flatMap((object) => {
    const name = EVENTS.find((one) => one in object);
    return name === undefined ? [] : [{ [name]: object[name] }];
  });
  if (events.length > 0 && unreadEvent)
    throw new CouldNotRun(`${file}: an event of the preview cannot be read, the file is damaged; ${RUN}`);
  if (events.length > 0) documents.push({ kind: "events", events });
  const [document, another] = documents;
  if (another) throw new CouldNotRun(`${file}: holds ${documents.length} documents; ${RUN}, one in a file`);
  if (document) return document;
  if (truncated) throw new CouldNotRun(`${file}: not JSON to its end, it is cut off; ${RUN}`);
  if (objects.length === 0) throw new CouldNotRun(`${file}: not JSON; ${RUN}`);
  throw new CouldNotRun(`${file}: neither a stack export nor a preview; ${RUN}`);
}

/**
 * The JSON objects that begin at the start of a line, as Pulumi prints them. What is nested stands deeper or within a
 * line, so a part of a document that was cut off is never taken for a document. A text without such a line is searched
 * from its first brace.
 */
function jsonObjects(text: string): { objects: JsonRecord[]; truncated: boolean; unreadEvent: boolean } {
  // The usual file holds one document and nothing else; looking for its end would take longer than reading it.
  try {
    return { objects: [asRecord(JSON.parse(text))], truncated: false, unreadEvent: false };
  } catch {
    // Something stands around it, or it is cut off.
  }
  const objects: JsonRecord[] = [];
  let truncated = false;
  let unreadEvent = false;
  const atLineStart = /^\{/m.test(text);
  const begins = atLineStart ? /^\{/gm : /\{/g;
  for (let match = begins.exec(text); match; match = begins.exec(text)) {
    const end = endOfObject(text, match.index);
    if (end === undefined) {
      truncated = true;
      unreadEvent ||= text.startsWith(EVENT_LINE, match.index);
      if (atLineStart) continue;
      break;
    }
    try {
      objects.push(asRecord(JSON.parse(text.slice(match.index, end))));
      begins.lastIndex = end;
    } catch {
      // Braces in the text of another program, unless it is an event.
      unreadEvent ||= text.startsWith(EVENT_LINE, match.index);
    }
  }
  return { objects, truncated, unreadEvent };
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
