import type { ServerResponse } from 'node:http';
import type { MessageEvent } from '@nestjs/common';
import { Observable } from 'rxjs';
import type { Clock, ClockTimer } from '../definition/clock.js';
import type { StreamQuery } from './schemas/stream.schema.js';

/** So often something is sent, so that neither side takes a silent connection for a dead one. Milliseconds. */
const HEARTBEAT = 15_000;
/** After how long a client comes again, in milliseconds. */
const COME_AGAIN = 2_000;

export interface ServerEvents {
  readonly clock: Clock;
  /** Of Express or of Fastify. */
  readonly response: object;
  /** Ends the stream. */
  readonly signal: AbortSignal;
  /** From where the client reads on if nothing comes at all. */
  readonly id: string;
  /**
   * Begins to emit.
   * @param ready resolves when the client has taken what was emitted, as far as one can see.
   * @returns called at the end, whichever.
   */
  readonly source: (
    emit: (event: MessageEvent) => void,
    done: () => void,
    fail: (error: unknown) => void,
    ready: () => Promise<void>,
  ) => () => void;
}

/** A stream of Server-Sent Events for Nest's `@Sse()`, with heartbeats; it waits for clients that are slow. */
export function serverEvents({ clock, response, signal, id, source }: ServerEvents): Observable<MessageEvent> {
  const raw = rawOf(response);
  return new Observable((subscriber) => {
    let heartbeat: ClockTimer;
    const beat = () => {
      heartbeat = clock.after(
        HEARTBEAT,
        () => {
          // What waits for the client will do.
          if (!raw.writableNeedDrain) subscriber.next({ comment: 'still here' } as MessageEvent);
          beat();
        },
        false,
      );
    };
    const end = () => subscriber.complete();
    subscriber.next({ id, retry: COME_AGAIN, comment: 'welcome' } as MessageEvent);
    beat();
    const stop = source(
      (event) => subscriber.next(event),
      end,
      (error) => subscriber.error(error),
      () => readyToWrite(raw, signal),
    );
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    return () => {
      heartbeat.cancel();
      signal.removeEventListener('abort', end);
      stop();
    };
  });
}

/** Where a client wants to go on. */
export interface Place {
  readonly after: number;
  /** It knows that the execution has ended. */
  readonly endTold: boolean;
}

const PLACE = /^(\d{1,15})(e?)$/;

/** The header counts: a browser sends it when it comes again, with the same query. What is no place of ours is the beginning. */
export function placeOf(header: string | undefined, { lastEventId }: StreamQuery): Place {
  const [, after = '0', end = ''] = PLACE.exec(header ?? lastEventId ?? '') ?? [];
  return { after: Number(after), endTold: end !== '' };
}

/** Node's own response: Fastify has it inside. */
function rawOf(response: object): Pick<ServerResponse, 'writableNeedDrain' | 'destroyed' | 'once' | 'off'> {
  return ((response as { raw?: object }).raw ?? response) as ServerResponse;
}

async function readyToWrite(raw: ReturnType<typeof rawOf>, signal: AbortSignal): Promise<void> {
  for (;;) {
    // Nest writes what was emitted in its own turns.
    await new Promise((resolve) => setImmediate(resolve));
    if (!raw.writableNeedDrain || raw.destroyed || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        for (const event of ['drain', 'close']) raw.off(event, go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      for (const event of ['drain', 'close']) raw.once(event, go);
      signal.addEventListener('abort', go, { once: true });
    });
  }
}
