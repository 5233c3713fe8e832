/** Go's form of a time; its last word is the zone's name on the machine that printed it. */
const GO_TIME = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?) ([-+]\d{2})(\d{2}) \S+$/;

/** Whether a text is what Pulumi makes of an unquoted date or time. */
export function isGoTime(text: string): boolean {
  return GO_TIME.test(text);
}

/** The day that Pulumi made a time of, as `2026-12-31`; any other text as it is. */
export function day(text: string): string {
  const match = GO_TIME.exec(text);
  return match && match[2] === "00:00:00" && match[3] === "+00" && match[4] === "00" ? match[1]! : text;
}

/** The time that Pulumi read, in UTC as `2026-07-01T09:00:00Z`, to the millisecond; any other text as it is. */
export function instant(text: string): string {
  const match = GO_TIME.exec(text);
  if (!match) return text;
  const date = new Date(`${match[1]}T${match[2]!.replace(/(\.\d{3})\d+/, "$1")}${match[3]}:${match[4]}`);
  return Number.isNaN(date.getTime()) ? text : date.toISOString().replace(/\.000Z$/, "Z");
}
