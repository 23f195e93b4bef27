import { Headers, Param, Query, Res, Sse, SseSignal, type MessageEvent, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { EMPTY, type Observable } from 'rxjs';
import type { JobEvent } from '../definition/job-event.js';
import { JobService } from '../service/job-service.js';
import type { LogItem } from '../service/log-item.js';
import { LogStreams } from '../service/log-streams.js';
import { JobResource } from './jobs/job-resource.js';
import { MonitorController } from './monitor-controller.js';
import { Describe } from './openapi/operation.js';
import { Presenter } from './present.js';
import { EventFilter, StreamQuery } from './schemas/stream.schema.js';
import { Id } from './schemas/texts.js';
import { placeOf, serverEvents, type Place } from './server-events.js';

const STREAM = { status: 200, mediaType: 'text/event-stream' } as const;
/** Characters that may wait for a client which does not read, beyond what one read of the store gives. */
const MOST_WAITING = 8 * 1024 * 1024;
const MOST_EVENTS_WAITING = 1024 * 1024;

/** Live logs and events, as Server-Sent Events. */
@MonitorController()
export class LogStreamController implements OnModuleDestroy {
  private readonly open = new Set<AbortController>();

  constructor(
    private readonly streams: LogStreams,
    private readonly jobs: JobService,
    private readonly resource: JobResource,
    private readonly present: Presenter,
    private readonly http: HttpAdapterHost,
  ) {}

  /** Open streams would keep the server, and so the app, from closing. Clients come again. */
  onModuleDestroy(): void {
    for (const stream of this.open) stream.abort();
  }

  @Sse('jobs/:id/logs/stream', { maxPendingDataLength: MOST_WAITING })
  @Describe({
    ...STREAM,
    summary: 'Follow the log of a job, live',
    description:
      'First what is kept, then what comes: `log` events with a line, and an `end` event for each execution that ends. ' +
      '`Last-Event-ID` goes on where a connection broke.',
    problems: [404],
  })
  async ofJob(
    @Param('id', { schema: Id }) id: string,
    @Query({ schema: StreamQuery }) query: StreamQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res({ passthrough: true }) response: object,
    @SseSignal() signal: AbortSignal,
  ): Promise<Observable<MessageEvent>> {
    const { invokeTarget } = await this.resource.get(id);
    const { after } = placeOf(lastEventId, query);
    const ends = this.endOf(signal);
    return this.stream(this.streams.ofSchedule(id, invokeTarget, { after, signal: ends }), after, response, ends);
  }

  @Sse('executions/:id/logs/stream', { maxPendingDataLength: MOST_WAITING })
  @Describe({
    ...STREAM,
    summary: 'Follow the log of an execution, live',
    description:
      'First what is kept, then what comes: `log` events with a line, and at the end an `end` event, after which the ' +
      'stream is closed; a client that comes again then is answered 204, so that it stays away.',
    problems: [404],
  })
  async ofExecution(
    @Param('id', { schema: Id }) id: string,
    @Query({ schema: StreamQuery }) query: StreamQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res({ passthrough: true }) response: object,
    @SseSignal() signal: AbortSignal,
  ): Promise<Observable<MessageEvent>> {
    const place = placeOf(lastEventId, query);
    const ends = this.endOf(signal);
    const items = await this.streams.ofExecution(id, { ...place, signal: ends });
    if (items) return this.stream(items, place.after, response, ends, 'e');
    this.http.httpAdapter.status(response, 204);
    return EMPTY;
  }

  @Sse('events/stream', { maxPendingDataLength: MOST_EVENTS_WAITING })
  @Describe({
    ...STREAM,
    summary: 'Follow all that happens, live',
    description:
      'From the whole fleet, by type of event. Nothing is kept: what comes while nobody listens is not told.',
  })
  ofEvents(
    @Query({ schema: EventFilter }) { job, type }: EventFilter,
    @Res({ passthrough: true }) response: object,
    @SseSignal() signal: AbortSignal,
  ): Observable<MessageEvent> {
    const fits = (event: JobEvent) => (job === undefined || event.job === job) && (!type || type.includes(event.type));
    return serverEvents({
      clock: this.streams.clock,
      response,
      signal: this.endOf(signal),
      id: '',
      source: (emit, done, fail) => {
        const listening = this.jobs.events().subscribe({
          next: (event) => fits(event) && emit({ id: '', type: event.type, data: this.present.event(event) }),
          complete: done,
          error: fail,
        });
        return () => listening.unsubscribe();
      },
    });
  }

  /** How many streams are open. */
  get streamCount(): number {
    return this.open.size;
  }

  /** Ends with the connection, and when the app stops. */
  private endOf(connection: AbortSignal): AbortSignal {
    const stream = new AbortController();
    this.open.add(stream);
    const end = () => {
      this.open.delete(stream);
      stream.abort();
    };
    if (connection.aborted) end();
    else connection.addEventListener('abort', end, { once: true });
    return stream.signal;
  }

  /** @param closing stands after the id of an end that closes the stream: who comes with it knows of the end. */
  private stream(
    items: AsyncGenerator<LogItem[]>,
    after: Place['after'],
    response: object,
    signal: AbortSignal,
    closing = '',
  ): Observable<MessageEvent> {
    return serverEvents({
      clock: this.streams.clock,
      response,
      signal,
      id: String(after),
      source: (emit, done, fail, ready) => {
        const send = async () => {
          for await (const batch of items) {
            for (const item of batch) emit(toMessage(item, closing));
            await ready();
          }
        };
        send().then(done, fail);
        return () => undefined;
      },
    });
  }
}

function toMessage(item: LogItem, closing: string): MessageEvent {
  if (item.kind === 'line') return { id: String(item.seq), type: 'log', data: item.line };
  return { id: `${item.seq}${closing}`, type: 'end', data: item.end };
}
