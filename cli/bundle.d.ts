/** The path of a fresh bundle of a source with its assets beside it; undefined where none can be made. */
export function bundleOf(entry: string, assets: readonly string[]): string | undefined;
