/** Traces, through bullmq-otel and an exporter in memory. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  context,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { BullMQOtel } from 'bullmq-otel';
import {
  Job,
  JobContext,
  JobSchedulerModule,
  JobService,
  JobSnoozeError,
  JobStep,
  OnJobEvent,
  type JobSchedulerOptions,
} from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

/** `traceparent` of W3C Trace Context, as an app's SDK sets it up. */
class TraceParent implements TextMapPropagator {
  inject(ctx: Context, carrier: unknown, setter: TextMapSetter): void {
    const span = trace.getSpanContext(ctx);
    if (span) setter.set(carrier, 'traceparent', `00-${span.traceId}-${span.spanId}-01`);
  }
  extract(ctx: Context, carrier: unknown, getter: TextMapGetter): Context {
    const [, traceId, spanId] = String(getter.get(carrier, 'traceparent')).split('-');
    if (!traceId || !spanId) return ctx;
    return trace.setSpanContext(ctx, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });
  }
  fields = () => ['traceparent'];
}

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const contexts = new AsyncLocalStorageContextManager();

beforeAll(() => {
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(contexts.enable());
  propagation.setGlobalPropagator(new TraceParent());
});
afterAll(async () => {
  for (const api of [trace, context, propagation]) api.disable();
  contexts.disable();
  await provider.shutdown();
});

const apps: INestApplicationContext[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  exporter.reset();
});

@Job({ name: 'trip' })
class Trip {
  @JobStep() book() {
    return 'booked';
  }
  @JobStep({ retry: { max: 1, delay: 1 } }) pay(_: unknown, ctx: JobContext) {
    if (ctx.metadata.poor && !paidBefore.has(ctx.id)) {
      paidBefore.add(ctx.id);
      throw new RangeError('no money');
    }
    return 'paid';
  }
}
const paidBefore = new Set<string>();

@Injectable()
class Work {
  constructor(private readonly jobs: JobService) {}

  @Job({ name: 'flaky', retry: { max: 1, delay: 10 } })
  flaky(_: unknown, ctx: JobContext) {
    if (ctx.attempt === 1) throw new TypeError('not yet');
  }

  @Job({ name: 'bad', retry: 0, onFail: 'tell' })
  bad() {
    throw Object.assign(new Error('never'), { code: 'E_NEVER' });
  }

  @Job({ name: 'tell' })
  tell() {}

  @Job({ name: 'nap' })
  nap(_: unknown, ctx: JobContext) {
    if (ctx.fence === 1) throw new JobSnoozeError(5);
  }

  @Job({ name: 'parent' })
  async parent() {
    await this.jobs.enqueue('tell', undefined);
  }

  @Job({ name: 'tick' })
  tick() {}
}

@Injectable()
class Ear {
  readonly traces: (string | undefined)[] = [];

  @OnJobEvent(['started', 'step', 'completed'])
  hear() {
    this.traces.push(trace.getActiveSpan()?.spanContext().traceId);
  }
}

async function startApp(options: JobSchedulerOptions): Promise<JobService> {
  @Module({
    imports: [JobSchedulerModule.forRoot({ prefix: randomPrefix(), ...options })],
    providers: [Work, Trip, Ear],
  })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  apps.push(app);
  return app.get(JobService);
}

const spans = (): ReadableSpan[] => exporter.getFinishedSpans();
const named = (name: string): ReadableSpan[] => spans().filter((span) => span.name === name);

/** The spans of a trace as a tree: `name (children)`. Those of one parent in the order of their starts. */
function tree(traceId: string, parent?: string): string {
  return spans()
    .filter((span) => span.spanContext().traceId === traceId && span.parentSpanContext?.spanId === parent)
    .toSorted((a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1])
    .map((span) => {
      const children = tree(traceId, span.spanContext().spanId);
      return children ? `${span.name} (${children})` : span.name;
    })
    .join(', ');
}

/** Runs `work` in a span like that of an HTTP request. */
async function request<T>(work: () => Promise<T>): Promise<{ traceId: string; given: T }> {
  return trace.getTracer('http').startActiveSpan('GET /', { kind: SpanKind.SERVER }, async (span) => {
    const given = await work();
    span.end();
    return { traceId: span.spanContext().traceId, given };
  });
}

const stores: [name: string, connection: string][] = [
  ['memory:', 'memory:'],
  ['Redis', process.env.TEST_REDIS_URL!],
];

describe.each(stores)('traces, on %s', (_name, connection) => {
  const start = (options: JobSchedulerOptions = {}) =>
    startApp({ connection, telemetry: new BullMQOtel({ tracerName: 'test' }), ...options });

  it('one from the request to handler and steps', async () => {
    const jobs = await start();
    const { traceId, given } = await request(() => jobs.enqueue('trip', undefined));
    await given.finished();
    await until('the attempt is told', () => named('process default').length > 0);
    expect(tree(traceId)).toBe('GET / (add default.trip (process default (step book, step pay, complete default)))');
    const [attempt] = named('process default');
    expect(attempt!.attributes).toMatchObject({ 'bullmq.job.name': 'trip', 'job.outcome': 'completed' });
    expect(attempt!.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('all attempts of an execution are in it; those that fail say how', async () => {
    const jobs = await start();
    const { traceId, given } = await request(() => jobs.enqueueMany([{ job: 'flaky' }, { job: 'flaky' }]));
    await Promise.all(given.map((handle) => handle.finished()));
    await until('all attempts are told', () => named('process default').length === 4);
    const attempts = named('process default').filter((span) => span.spanContext().traceId === traceId);
    expect(attempts).toHaveLength(4);
    const failed = attempts.filter(({ status }) => status.code === SpanStatusCode.ERROR);
    expect(failed).toHaveLength(2);
    for (const { status, attributes, events } of failed) {
      expect(status.message).toBe('not yet');
      expect(attributes).toMatchObject({
        'job.outcome': 'retry',
        'error.type': 'TypeError',
        'bullmq.job.attempts.made': 0,
      });
      expect(events).toMatchObject([
        { name: 'exception', attributes: { 'exception.type': 'TypeError', 'exception.message': 'not yet' } },
      ]);
    }
  });

  it('a failure for good, and the on-fail job after it; a job that a job enqueues', async () => {
    const jobs = await start();
    const { traceId, given } = await request(() => jobs.enqueue('bad', undefined));
    await expect(given.finished()).rejects.toMatchObject({ code: 'JOB_FAILED' });
    await until('the on-fail job is told', () => named('process default').length === 2);
    expect(tree(traceId)).toBe(
      'GET / (add default.bad (process default (add default.tell (process default (complete default)), fail default)))',
    );
    const [failed] = named('process default').filter(({ status }) => status.code === SpanStatusCode.ERROR);
    expect(failed!.attributes).toMatchObject({ 'error.type': 'E_NEVER', 'job.outcome': 'failed' });
    expect(failed!.events).toMatchObject([{ name: 'exception' }]);

    const parent = await request(() => jobs.enqueue('parent', undefined));
    await until('both are told', () => tree(parent.traceId).split('process').length === 3);
    expect(tree(parent.traceId)).toMatch(
      /^GET \/ \(add default.parent \(process default \(add default.tell \(process default \(complete default\)\), complete default\)\)\)$/,
    );
  });

  it('each try of a step has a span; a snooze is no error', async () => {
    const jobs = await start();
    await (await jobs.enqueue('trip', undefined, { metadata: { poor: 'yes' } })).finished();
    expect(named('step pay').map(({ status }) => status)).toEqual([
      { code: SpanStatusCode.ERROR, message: 'no money' },
      { code: SpanStatusCode.UNSET },
    ]);
    await (await jobs.enqueue('nap', undefined)).finished();
    const naps = () => named('process default').filter(({ attributes }) => attributes['bullmq.job.name'] === 'nap');
    await until('both starts are told', () => naps().length === 2);
    expect(naps().map(({ status, attributes }) => [status.code, attributes['job.outcome']])).toEqual([
      [SpanStatusCode.UNSET, 'snooze'],
      [SpanStatusCode.UNSET, 'completed'],
    ]);
  });

  it('a listener is in no trace: it hears of many', async () => {
    const jobs = await start();
    const { given } = await request(() => jobs.enqueue('trip', undefined));
    await given.finished();
    const { traces } = apps.at(-1)!.get(Ear);
    await until('all is told', () => traces.length === 4);
    expect(new Set(traces)).toEqual(new Set([undefined]));
  });

  it('each fire of a schedule has one of its own, to its handler', async () => {
    await start({ jobs: { tick: { schedule: 'every 1s' } } });
    const runs = await until('it has fired three times', () => {
      const ended = named('process default');
      return ended.length >= 3 && ended;
    });
    const traces = new Set(runs.map((span) => span.spanContext().traceId));
    expect(traces.size).toBe(runs.length);
    const [traceId] = [...traces].slice(-1);
    await until('its tick is told', () => tree(traceId!).startsWith('process'));
    expect(tree(traceId!)).toMatch(
      /^process (\S+) \(add default\.tick \(process default \(complete default\)\), complete \1\)$/,
    );
  });
});

it('without the option nothing is traced, and jobs carry nothing of it', async () => {
  const jobs = await startApp({});
  const { given } = await request(() => jobs.enqueue('trip', undefined));
  await given.finished();
  expect(spans().map(({ name }) => name)).toEqual(['GET /']);
});
