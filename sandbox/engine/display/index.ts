import type { EngineEvent } from "../events";
import { painter } from "./paint";
import { ProgressDisplay } from "./progress";

export interface DisplayOptions {
  /** Colours; by default when the stream is a terminal and NO_COLOR is not set. */
  readonly colors?: boolean;
  /** Dots while nothing else happens; on by default. */
  readonly ticks?: boolean;
}

/** What a run is told to: prints the run's progress to a stream in Pulumi's words. Use one for each operation. */
export function display(stream: { write(text: string): unknown; isTTY?: boolean }, { colors = stream.isTTY === true && !process.env.NO_COLOR, ticks = true }: DisplayOptions = {}): (event: EngineEvent) => void {
  const progress = new ProgressDisplay((text) => { stream.write(text); }, painter(colors), ticks);
  return (event) => { progress.handle(event); };
}

/** The same as text, for events that were kept. */
export function renderDisplay(events: readonly EngineEvent[]): string {
  let text = "";
  const progress = new ProgressDisplay((part) => { text += part; }, painter(false), false);
  for (const event of events) progress.handle(event);
  return text;
}
