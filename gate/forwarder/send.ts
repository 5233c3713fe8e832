import { AwsClient } from "aws4fetch";
import { judgeAnswer, type Outcome } from "./answers";
import { requestOf, type Batch, type SinkRequest } from "./formats";
import type { Sink } from "./sinks";

/** How long a receiver has to answer. */
const ANSWER_MS = 20_000;
/** Bytes of an answer that are read; a bulk's answer has some hundred bytes for each record. */
const MAX_ANSWER = 1024 * 1024;

/** Sends a batch, and says what became of it. Never throws: what cannot be reached is for later. */
export async function send(sink: Sink, secret: string | undefined, batch: Batch): Promise<Outcome> {
  try {
    const made = requestOf(sink, secret, batch);
    const request = sink.kind === "s3" ? await signed(sink, secret ?? "", made) : new Request(made.url, made);
    const answer = await fetch(request, { redirect: "manual", signal: AbortSignal.timeout(ANSWER_MS) });
    const body = await textOf(answer);
    return judgeAnswer(
      sink,
      batch,
      { status: answer.status, body, retryAfter: answer.headers.get("retry-after") },
      Date.now(),
    );
  } catch (error) {
    return { kind: "later", reason: error instanceof Error ? error.message : "unknown" };
  }
}

function signed(sink: Sink & { kind: "s3" }, secret: string, { url, ...init }: SinkRequest): Promise<Request> {
  const client = new AwsClient({
    accessKeyId: sink.accessKeyId,
    secretAccessKey: secret,
    region: sink.region,
    service: "s3",
  });
  return client.sign(url, init);
}

async function textOf(answer: Response): Promise<string> {
  if (answer.body === null) return "";
  const decoder = new TextDecoder();
  const reader = answer.body.getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
    if (text.length <= MAX_ANSWER) continue;
    await reader.cancel();
    return text.slice(0, MAX_ANSWER);
  }
}
