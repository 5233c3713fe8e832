import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** Bytes of a request that are kept until its answer begins, so that they can be sent again to the next version. */
const REPLAY_BYTES = 64 << 10;

/** How long a client may go on sending after its last answer before its connection is cut. */
const LINGER_MS = 10_000;

const NOTHING = "no Worker is deployed here\n";
const NOTHING_HERE = `HTTP/1.1 404 Not Found\r\nContent-Length: ${NOTHING.length}\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${NOTHING}`;

/**
 * The public listener of one script: a port that stays the same over all versions. It moves bytes and reads none of
 * them: what the client sent is what workerd gets.
 *
 * While a version is replaced (`hold` … `release`) no request is refused: running ones are finished by the old version,
 * which workerd drains on SIGTERM; new ones wait. An idle connection of a client stays open and reaches the new version
 * with its next request. A request whose bytes were on their way when the old version closed an idle connection is sent
 * again, since nothing has read it.
 */
export class Front {
  #holding = false;
  #target: number | undefined;
  readonly #links = new Set<Link>();

  private constructor(
    readonly port: number,
    private readonly server: Server,
  ) {}

  static async listen(port = 0): Promise<Front> {
    const server = createServer({ noDelay: true, allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => resolve());
    });
    const front = new Front((server.address() as AddressInfo).port, server);
    server.on("connection", (socket) => front.#links.add(new Link(socket, front)));
    return front;
  }

  get holding(): boolean {
    return this.#holding;
  }
  /** Port of workerd's socket; undefined while nothing is deployed. */
  get target(): number | undefined {
    return this.#target;
  }

  /** From now on nothing new goes to the running version. */
  hold(): void {
    this.#holding = true;
    for (const link of this.#links) link.hold();
  }

  /** The new version listens on `target`; `graceful` tells whether the old one finished what it had begun. */
  release(target: number | undefined, graceful: boolean): void {
    this.#holding = false;
    this.#target = target;
    for (const link of this.#links) link.release(graceful);
  }

  forget(link: Link): void {
    this.#links.delete(link);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const link of this.#links) link.destroy();
    await closed;
  }
}

/** One client connection and the connection to workerd behind it, which may change when a version is replaced. */
class Link {
  #backend: Socket | undefined;
  /** Sent by the client and not answered yet, as far as it is short; undefined once it is too long to keep. */
  #unanswered: Buffer[] | undefined = [];
  #unansweredBytes = 0;
  /** Client bytes that wait for the next version. */
  #waiting: Buffer[] = [];
  #held = false;
  #clientEnded = false;
  #finished = false;
  #linger: NodeJS.Timeout | undefined;

  constructor(
    private readonly client: Socket,
    private readonly front: Front,
  ) {
    this.#held = front.holding;
    client.on("data", (chunk: Buffer) => this.#fromClient(chunk));
    client.on("end", () => {
      this.#clientEnded = true;
      if (this.#waiting.length === 0) this.#backend?.end();
      if (this.#backend === undefined && this.#waiting.length === 0 && !this.#awaiting()) client.end();
    });
    client.on("error", () => this.destroy());
    client.on("close", () => this.destroy());
    client.on("drain", () => this.#backend?.resume());
  }

  /** Idle connections are frozen; one that waits for an answer goes on until it has it. */
  hold(): void {
    if (!this.#awaiting()) this.#held = true;
  }

  release(graceful: boolean): void {
    this.#held = false;
    if (this.#finished) return;
    const backend = this.#backend;
    if (backend !== undefined) {
      // Cut off in the middle of an answer, or by force: the client has to know.
      if (!graceful || backend.destroyed) return this.#finish();
      return;
    }
    // Too long to have been kept, or perhaps half done when the old version was killed: not ours to send again.
    if (this.#unanswered === undefined || (!graceful && this.#awaiting())) return this.#finish();
    const pending = [...this.#unanswered, ...this.#waiting.splice(0)];
    this.#unanswered = [];
    this.#unansweredBytes = 0;
    for (const chunk of pending) this.#fromClient(chunk);
    if (this.#clientEnded) this.#current()?.end();
  }

  destroy(): void {
    clearTimeout(this.#linger);
    this.front.forget(this);
    this.client.destroy();
    this.#backend?.destroy();
    this.#backend = undefined;
  }

  #current(): Socket | undefined {
    return this.#backend;
  }

  #awaiting(): boolean {
    return this.#unanswered === undefined || this.#unansweredBytes > 0;
  }

  #fromClient(chunk: Buffer): void {
    if (this.#finished) return;
    if (this.#held || (this.front.holding && this.#backend === undefined)) {
      this.#waiting.push(chunk);
      // Enough for any head of a request; a long body waits in the kernel.
      if (this.#waiting.reduce((sum, part) => sum + part.length, 0) > REPLAY_BYTES) this.client.pause();
      return;
    }
    const backend = (this.#backend ??= this.#connect());
    if (backend === undefined) return;
    if (this.#unanswered !== undefined) {
      this.#unansweredBytes += chunk.length;
      if (this.#unansweredBytes > REPLAY_BYTES) this.#unanswered = undefined;
      else this.#unanswered.push(chunk);
    }
    if (!backend.write(chunk)) this.client.pause();
  }

  #connect(): Socket | undefined {
    const port = this.front.target;
    if (port === undefined) {
      this.#finish(NOTHING_HERE);
      return undefined;
    }
    const backend = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    backend.on("data", (chunk: Buffer) => {
      this.#unanswered = [];
      this.#unansweredBytes = 0;
      if (!this.client.write(chunk)) backend.pause();
    });
    backend.on("drain", () => this.client.resume());
    backend.on("error", () => undefined); // "close" follows
    backend.on("end", () => backend.end());
    backend.on("close", () => {
      if (this.#backend !== backend) return;
      this.#backend = undefined;
      // A connection that the old version closed with nothing owed lives on with the next one.
      if (!this.front.holding) this.#finish();
      else this.#held = true;
    });
    this.client.resume();
    return backend;
  }

  /**
   * Nothing more will be answered. What the client still sends, such as the rest of an upload that was refused, is read
   * and thrown away: it looks for the answer only when it has sent everything. The link is known until the client is
   * gone, so that `close` reaches it.
   */
  #finish(lastWords = ""): void {
    this.#finished = true;
    const backend = this.#backend;
    this.#backend = undefined;
    backend?.destroy();
    this.#waiting = [];
    this.client.end(lastWords);
    this.client.resume();
    this.#linger ??= setTimeout(() => this.destroy(), LINGER_MS);
  }
}
