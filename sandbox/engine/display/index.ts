import { showsColors } from "../../../cli/support/colors";
import type { EngineEvent } from "../events";
import { DiffDisplay } from "./details";
import { painter } from "./paint";
import { ProgressDisplay } from "./progress";

export interface DisplayOptions {
  /** Colours; by default when the stream is a terminal and NO_COLOR is not set. */
  readonly colors?: boolean;
  /** Dots while nothing else happens; on by default. */
  readonly ticks?: boolean;
  /** Every change in full, as `pulumi preview --diff`, in place of one line a step. */
  readonly diff?: boolean;
}

/** What a run is told to: prints the run's progress to a stream in Pulumi's words. Use one for each operation. */
export function display(
  stream: { write(text: string): unknown; isTTY?: boolean },
  { colors = showsColors(stream), ticks = true, diff = false }: DisplayOptions = {},
): (event: EngineEvent) => void {
  const write = (text: string): void => {
    stream.write(text);
  };
  const progress = diff ? new DiffDisplay(write, painter(colors)) : new ProgressDisplay(write, painter(colors), ticks);
  return (event) => {
    progress.handle(event);
  };
}

/** The same as text, for events that were kept. */
export function renderDisplay(
  events: readonly EngineEvent[],
  { diff = false }: Pick<DisplayOptions, "diff"> = {},
): string {
  let text = "";
  const show = display(
    {
      write: (part) => {
        text += part;
      },
    },
    { colors: false, ticks: false, diff },
  );
  for (const event of events) show(event);
  return text;
}
