import { createServer, type ListenOptions, type Server } from "node:net";

/**
 * Opens a listening socket for child processes, which inherit it and accept from it. `start` gets its port and its
 * descriptor, for `stdio` of `spawn`; before this process could accept a connection itself, it has closed its own copy.
 * @param at host and port; port 0 takes a free one
 * @throws Error of Node, with its `code`, when nothing can listen there
 */
export function shareSocket<T>(
  start: (port: number, descriptor: number) => T,
  at: Pick<ListenOptions, "host" | "port"> = { host: "127.0.0.1", port: 0 },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ ...at, exclusive: true, backlog: 1024 }, () => {
      const address = server.address();
      const descriptor = (server as Server & { _handle?: { fd: number } })._handle?.fd ?? -1;
      try {
        if (typeof address !== "object" || address === null || descriptor < 0)
          throw new Error("this release of Node does not show the descriptor of a socket");
        resolve(start(address.port, descriptor));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      } finally {
        server.close();
      }
    });
  });
}

/**
 * An address of the gate's configuration, as Node listens on it. A star means every address of the machine.
 * @example listenOptions("127.0.0.1:8788") // { host: "127.0.0.1", port: 8788 }
 */
export function listenOptions(listen: string): { readonly host?: string; readonly port: number } | undefined {
  const [, host = "", digits] = /^(\*|\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(listen) ?? [];
  const port = Number(digits ?? Number.NaN);
  if (!(port >= 1 && port <= 65_535)) return undefined;
  return { ...(host === "*" ? {} : { host: host.replace(/[[\]]/g, "") }), port };
}

/** Why nothing can listen on an address, and what to do; for a person. */
export function whyNotListening(listen: string, error: unknown): string {
  const { code = "unknown", message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "EADDRINUSE":
      return `${listen} is taken: another program listens there. End it, or give another --listen.`;
    case "EACCES":
      return `${listen}: this account may not listen there; give --listen with a port from 1024.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `${listen} is no address of this machine; give --listen with one that is, such as 127.0.0.1:8788.`;
    default:
      return `${listen}: nothing can listen there (${code}: ${message})`;
  }
}
