const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Runs `make` and takes away the signal listeners it added. Some libraries end the whole process at Ctrl-C at once,
 * before anything else could be stopped; when to end is decided by whoever owns the process.
 */
export function withoutSignalListeners<T>(make: () => T): T {
  const before = new Map(SIGNALS.map((signal) => [signal, new Set(process.listeners(signal))]));
  try {
    return make();
  } finally {
    for (const signal of SIGNALS)
      for (const listener of process.listeners(signal))
        if (!before.get(signal)?.has(listener)) process.removeListener(signal, listener);
  }
}
