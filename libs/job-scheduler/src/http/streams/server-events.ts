import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Clock, ClockTimer } from '../../common/clock.js';
import type { StreamQuery } from '../schemas/stream.schema.js';

/** So often something is sent, so that neither side takes a silent connection for a dead one. Milliseconds. */
const HEARTBEAT = 15_000;
/** After how long a client comes again, in milliseconds. */
const COME_AGAIN = 2_000;
/** When more waits for a client than this, in bytes, and something more comes, the connection is closed; the client comes again. */
const MOST_WAITING = 512 * 1024;

/** One message of the stream. */
export interface ServerEvent {
  /** What a client that comes again sends as `Last-Event-ID`. */
  readonly id: string;
  readonly type: string;
  readonly data: object;
}

/** Express's response is Node's own; Fastify's has that inside. */
type Reply = ServerResponse | { readonly raw: ServerResponse; getHeaders(): OutgoingHttpHeaders; hijack(): void };
type Request = IncomingMessage | { readonly raw: IncomingMessage };

/**
 * One stream of Server-Sent Events, written straight to Node's response. An error before the first byte still gets its
 * own status, whatever interceptors the app has; and the stream can see whether the client keeps up.
 */
export class ServerEvents {
  private readonly raw: ServerResponse;
  private readonly end = new AbortController();
  private heartbeat: ClockTimer | undefined;

  /** Knows from here on whether the client is still there. */
  constructor(
    private readonly reply: Reply,
    private readonly clock: Clock,
  ) {
    this.raw = 'raw' in reply ? reply.raw : reply;
    this.raw.once('close', () => this.close());
    if (this.raw.destroyed) this.close();
  }

  /** Aborts when the client has gone, and when the stream is closed. */
  get ended(): AbortSignal {
    return this.end.signal;
  }

  /** Sends the headers. @param id from where the client reads on if nothing more comes. */
  begin(request: Request, id: string): void {
    const { method, httpVersionMajor, socket } = 'raw' in request ? request.raw : request;
    if ('hijack' in this.reply) this.reply.hijack();
    if (this.ended.aborted) return;
    if (httpVersionMajor === 1) {
      socket.setKeepAlive(true);
      socket.setNoDelay(true);
      socket.setTimeout(0);
    }
    this.raw.writeHead(200, {
      ...('hijack' in this.reply && this.reply.getHeaders()),
      'content-type': 'text/event-stream',
      // No proxy may keep, change or hold back any of it.
      'cache-control': 'no-cache, no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    this.raw.flushHeaders();
    if (method === 'HEAD') return this.close();
    this.write(`retry: ${COME_AGAIN}\nid: ${id}\n\n`);
    this.beat();
  }

  send(event: ServerEvent): void {
    this.sendText(textOf(event));
  }

  /** @param text of `textOf`, where several streams are sent the same. */
  sendText(text: string): void {
    this.write(text);
  }

  /** Resolves when the client has taken what was sent, or the stream has ended. */
  async ready(): Promise<void> {
    if (!this.raw.writableNeedDrain || this.ended.aborted) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        this.raw.off('drain', go);
        this.ended.removeEventListener('abort', go);
        resolve();
      };
      this.raw.once('drain', go);
      this.ended.addEventListener('abort', go, { once: true });
    });
  }

  /** Safe to call twice. */
  close(): void {
    if (this.ended.aborted) return;
    this.heartbeat?.cancel();
    this.end.abort();
    if (this.raw.headersSent) this.raw.end();
  }

  private beat(): void {
    this.heartbeat = this.clock.after(
      HEARTBEAT,
      () => {
        // A comment. Where something waits for the client already, that will do.
        if (!this.raw.writableNeedDrain) this.write(': still here\n\n');
        if (!this.ended.aborted) this.beat();
      },
      false,
    );
  }

  private write(text: string): void {
    if (this.ended.aborted) return;
    if (this.raw.writableLength > MOST_WAITING) this.raw.destroy();
    else this.raw.write(text);
  }
}

/** An event as it is sent. */
export function textOf({ id, type, data }: ServerEvent): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Where a client wants to go on. */
export interface StreamPlace {
  readonly after: number;
  /** It knows that the execution has ended. */
  readonly endTold: boolean;
}

const PLACE = /^(\d{1,15})(e?)$/;

/** The header counts: a browser sends it when it comes again, with the same query. What is no place of ours is the beginning. */
export function placeOf(header: string | undefined, { lastEventId }: StreamQuery): StreamPlace {
  const [, after = '0', end = ''] = PLACE.exec(header ?? lastEventId ?? '') ?? [];
  return { after: Number(after), endTold: end !== '' };
}
