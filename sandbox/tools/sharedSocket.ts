import { createServer, type Server } from "node:net";

/**
 * Opens a listening socket on 127.0.0.1 for child processes, which inherit it and accept from it. `start` gets its port
 * and its descriptor, for `stdio` of `spawn`; before this process could accept a connection itself, it has closed its
 * own copy.
 */
export function shareSocket<T>(start: (port: number, descriptor: number) => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0, exclusive: true }, () => {
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
