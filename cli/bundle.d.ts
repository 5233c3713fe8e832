/** The path of a fresh bundle of a source with its assets beside it; undefined where none can be made. */
export function bundleOf(entry: string, assets: readonly string[]): string | undefined;
/** The same of the sources alone, without packages. */
export function bundleOfSources(entry: string): string | undefined;
