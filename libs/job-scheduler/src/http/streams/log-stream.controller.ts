import { Get, Headers, Inject, Param, Query, Req, Res, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { JobEvent } from '../../definition/job-event.js';
import { JobService } from '../../service/job-service.js';
import type { LogItem } from '../../service/logs/log-item.js';
import { LogStreams } from '../../service/logs/log-streams.js';
import { callerOf } from '../caller.js';
import { type ResolvedHttpOptions, HTTP_OPTIONS } from '../http-options.js';
import { JobResource } from '../jobs/job-resource.js';
import { MonitorController } from '../monitor-controller.js';
import { Describe } from '../openapi/operation.js';
import { OpenStreams } from './open-streams.js';
import { Presenter } from '../present.js';
import { EventFilter, StreamQuery } from '../schemas/stream.schema.js';
import { Id } from '../schemas/texts.js';
import { placeOf, ServerEvents, textOf, type ServerEvent } from './server-events.js';

type Reply = ConstructorParameters<typeof ServerEvents>[0];
type Request = Parameters<ServerEvents['begin']>[0];

const STREAM = { status: 200, mediaType: 'text/event-stream' } as const;

/** Live logs and events, as Server-Sent Events. */
@MonitorController()
export class LogStreamController implements OnModuleDestroy {
  private readonly open: OpenStreams;
  private readonly texts = new WeakMap<JobEvent, string>();

  constructor(
    private readonly streams: LogStreams,
    private readonly jobs: JobService,
    private readonly resource: JobResource,
    private readonly present: Presenter,
    private readonly http: HttpAdapterHost,
    @Inject(HTTP_OPTIONS) private readonly options: ResolvedHttpOptions,
  ) {
    this.open = new OpenStreams(options.streams);
  }

  /** How many streams are open. */
  get streamCount(): number {
    return this.open.count;
  }

  /** Open streams would keep the server, and so the app, from closing. Clients come again. */
  onModuleDestroy(): void {
    this.open.closeAll();
  }

  @Get('jobs/:id/logs/stream')
  @Describe({
    ...STREAM,
    summary: 'Follow the log of a job, live',
    description:
      'First what is kept, then what comes: `log` events with a line, and an `end` event for each execution that ends. ' +
      '`Last-Event-ID` goes on where a connection broke.',
    problems: [404, 503],
  })
  async ofJob(
    @Param('id', { schema: Id }) id: string,
    @Query({ schema: StreamQuery }) query: StreamQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: Request,
    @Res() reply: Reply,
  ): Promise<void> {
    const { after } = placeOf(lastEventId, query);
    const { invokeTarget } = await this.resource.get(id);
    const stream = this.stream(request, reply);
    stream.begin(request, String(after));
    void this.pass(this.streams.ofSchedule(id, invokeTarget, { after, signal: stream.ended }), stream);
  }

  @Get('executions/:id/logs/stream')
  @Describe({
    ...STREAM,
    summary: 'Follow the log of an execution, live',
    description:
      'First what is kept, then what comes: `log` events with a line, and at the end an `end` event, after which the ' +
      'stream is closed; a client that comes again then is answered 204, so that it stays away.',
    problems: [404, 503],
  })
  async ofExecution(
    @Param('id', { schema: Id }) id: string,
    @Query({ schema: StreamQuery }) query: StreamQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: Request,
    @Res() reply: Reply,
  ): Promise<void> {
    const place = placeOf(lastEventId, query);
    const stream = this.stream(request, reply);
    const items = await this.streams.ofExecution(id, { ...place, signal: stream.ended });
    if (!items) return void this.http.httpAdapter.reply(reply, undefined, 204);
    stream.begin(request, String(place.after));
    void this.pass(items, stream, 'e');
  }

  @Get('events/stream')
  @Describe({
    ...STREAM,
    summary: 'Follow all that happens, live',
    description:
      'From the whole fleet, by type of event. Nothing is kept: what comes while nobody listens is not told.',
    problems: [503],
  })
  ofEvents(
    @Query({ schema: EventFilter }) { job, type }: EventFilter,
    @Req() request: Request,
    @Res() reply: Reply,
  ): void {
    const fits = (event: JobEvent) => (job === undefined || event.job === job) && (!type || type.includes(event.type));
    const stream = this.stream(request, reply);
    stream.begin(request, '');
    const listening = this.jobs.events().subscribe({
      next: (event) => fits(event) && stream.sendText(this.textOf(event)),
      // The store is away, or the app stops: the client comes again.
      error: () => stream.close(),
      complete: () => stream.close(),
    });
    if (stream.ended.aborted) listening.unsubscribe();
    else stream.ended.addEventListener('abort', () => listening.unsubscribe(), { once: true });
  }

  /** Made once for all streams. */
  private textOf(event: JobEvent): string {
    const known = this.texts.get(event);
    if (known !== undefined) return known;
    const text = textOf({ id: '', type: event.type, data: this.present.event(event) });
    this.texts.set(event, text);
    return text;
  }

  /** @throws StreamsFullError */
  private stream(request: Request, reply: Reply): ServerEvents {
    const stream = new ServerEvents(reply, this.streams.clock);
    this.open.add(stream, callerOf(request, this.options));
    return stream;
  }

  /** @param closing stands after the id of an end that closes the stream: who comes with it knows of the end. */
  private async pass(items: AsyncGenerator<LogItem[]>, stream: ServerEvents, closing = ''): Promise<void> {
    try {
      for await (const batch of items) {
        for (const item of batch) {
          stream.send(toEvent(item, closing));
          await stream.ready();
        }
      }
    } catch {
      // The store is away: the client comes again, and goes on where it was.
    } finally {
      stream.close();
    }
  }
}

function toEvent(item: LogItem, closing: string): ServerEvent {
  if (item.kind === 'line') return { id: String(item.seq), type: 'log', data: item.line };
  return { id: `${item.seq}${closing}`, type: 'end', data: item.end };
}
