/** Uses that must compile, and wrong ones that must not (`@ts-expect-error` fails where there is no error). Never run. */
import { Injectable } from '@nestjs/common';
import { type Observable, of } from 'rxjs';
import * as v from 'valibot';
import { z } from 'zod';
import {
  Job,
  JobContext,
  JobStep,
  OnJobEvent,
  OnJobFail,
  defineJob,
  type JobEvent,
  type JobEventOf,
  type JobFailure,
  type JobHandle,
  type JobHandler,
  type JobService,
  type ScheduleService,
} from 'nestjs-job-scheduler';

type Eq<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Eq<A, B>) => {};

class Db {
  rows(_d: string) {
    return [1];
  }
}
interface ReportInput {
  day: string;
}
interface WelcomeMail {
  to: string;
}

@Injectable()
@Job({ name: 'report.nightly' })
class NightlyReport {
  constructor(private readonly db: Db) {}
  @JobStep() async collect(input: ReportInput, _ctx: JobContext) {
    return this.db.rows(input.day);
  }
  @JobStep() async render(_: ReportInput, ctx: JobContext) {
    return ctx.result<number[]>('collect').length;
  }
  @OnJobFail() async tell(_failure: JobFailure<ReportInput>) {}
  onModuleInit() {}
}
@Injectable()
@Job({ name: 'trip' })
class Trip {
  @JobStep() async book(p: { n: number }) {
    return { seat: p.n };
  }
  @JobStep() async pay(_: { n: number }, ctx: JobContext) {
    return ctx.id;
  }
  private helper(x: boolean) {
    return x;
  }
  use() {
    return this.helper(true);
  }
}
@Injectable()
class Mailer {
  @Job({ queue: 'critical' }) async sendWelcome(mail: WelcomeMail, _ctx: JobContext) {
    return mail.to.length;
  }
  @Job() async ping() {
    return 'pong' as const;
  }
  @Job({ name: 'a' }) async tick(_: unknown, _ctx: JobContext) {}
}
@Injectable()
@Job()
class Heartbeat implements JobHandler {
  async run(_: void, _ctx: JobContext) {
    return 1;
  }
}
@Job()
class SendWelcome {
  async run(mail: WelcomeMail) {
    return mail.to;
  }
}
@Job()
class NoArgs {
  async run() {
    return 1;
  }
}

const Resize = defineJob('img.resize', {
  schema: z.object({ url: z.string(), width: z.coerce.number().default(100) }),
});
const Plain = defineJob<WelcomeMail, number>('mail.plain');
const Nothing = defineJob('tick.nothing');
class Img {
  @Job(Resize, { queue: 'low' }) async resize(p: { url: string; width: number }, _ctx: JobContext) {
    return p.width;
  }
  @Job({ schema: z.object({ to: z.string() }) }) async ok(p: { to: string }) {
    return p;
  }
  @Job({ schema: v.object({ to: v.string() }) }) async okv(p: { to: string }) {
    return p;
  }
  // @ts-expect-error the schema gives { to: string }, the handler wants a number
  @Job({ schema: z.object({ to: z.string() }) }) async bad(p: { to: number }) {
    return p;
  }
  // @ts-expect-error contract and handler differ
  @Job(Resize) async bad2(p: { url: number }) {
    return p;
  }
  // @ts-expect-error second parameter must be a JobContext
  @Job() async bad3(_p: unknown, ctx: Date) {
    return ctx;
  }
}
declare const jobs: JobService;
declare const schedules: ScheduleService;

export async function f() {
  same<JobHandle, Awaited<ReturnType<typeof a1>>>(true);
  const a1 = () => jobs.enqueue(NightlyReport, { day: 'x' });
  // @ts-expect-error wrong field
  await jobs.enqueue(NightlyReport, { dy: 'x' });
  // @ts-expect-error missing payload
  await jobs.enqueue(NightlyReport);
  await jobs.enqueue(Trip, { n: 6 });
  // @ts-expect-error wrong type
  await jobs.enqueue(Trip, { n: '6' });
  const h = await jobs.enqueue([Mailer, 'sendWelcome'], { to: 'a' });
  same<typeof h, JobHandle<number>>(true);
  // @ts-expect-error no such method
  await jobs.enqueue([Mailer, 'sendWelcom'], { to: 'a' });
  // @ts-expect-error wrong payload
  await jobs.enqueue([Mailer, 'sendWelcome'], { too: 'a' });
  // @ts-expect-error missing
  await jobs.enqueue([Mailer, 'sendWelcome']);
  const p = await jobs.enqueue([Mailer, 'ping']);
  same<typeof p, JobHandle<'pong'>>(true);
  await jobs.enqueue([Mailer, 'tick']);
  await jobs.enqueue([Mailer, 'tick'], { any: 1 });
  await jobs.enqueue(Heartbeat);
  await jobs.enqueue(Heartbeat, undefined, { id: 'x' });
  await jobs.enqueue(NoArgs);
  const s = await jobs.enqueue(SendWelcome, { to: 'a' });
  same<typeof s, JobHandle<string>>(true);
  // @ts-expect-error wrong
  await jobs.enqueue(SendWelcome, { to: 1 });
  await jobs.enqueue(Resize, { url: 'u' }); // input: width optional
  // @ts-expect-error url missing
  await jobs.enqueue(Resize, { width: 3 });
  const pl = await jobs.enqueue(Plain, { to: 'a' });
  same<typeof pl, JobHandle<number>>(true);
  await jobs.enqueue(Nothing);
  // @ts-expect-error takes nothing
  await jobs.enqueue(Nothing, { a: 1 });
  await jobs.enqueue('trip', { whatever: 1 });
  await jobs.enqueue('trip');
}
@Job({ schema: z.object({ to: z.string() }) })
class R1 {
  async run(m: WelcomeMail) {
    return m;
  }
}
// @ts-expect-error schema vs run
@Job({ schema: z.object({ to: z.number() }) })
class R2 {
  async run(m: WelcomeMail) {
    return m;
  }
}
@Job({ schema: z.object({ day: z.string() }), onFail: [Mailer, 'ping'] })
class S1 {
  @JobStep() async a(p: ReportInput) {
    return p;
  }
  @JobStep() async b(p: { day: string }, ctx: JobContext) {
    return [p, ctx];
  }
}
// @ts-expect-error schema vs steps
@Job({ schema: z.object({ dayy: z.string() }) })
class S2 {
  @JobStep() async a(p: ReportInput, ctx: JobContext) {
    return [p, ctx];
  }
}
@Job(Resize)
class C1 implements JobHandler<{ url: string; width: number }, number> {
  async run(p: { url: string; width: number }) {
    return p.width;
  }
}
// @ts-expect-error contract vs run
@Job(Resize)
class C2 {
  async run(p: { url: number }) {
    return p;
  }
}
class Bad {
  // @ts-expect-error a step's second parameter is a JobContext
  @JobStep() async a(_p: string, c: number) {
    return c;
  }
}
export async function many() {
  await jobs.enqueueMany([
    { job: [Mailer, 'sendWelcome'], payload: { to: 'a' } },
    { job: NightlyReport, payload: { day: 'a' } },
    { job: 'z', payload: 1 },
    { job: Resize, payload: { url: 's' } },
  ]);
  await jobs.enqueueMany(Array.from({ length: 3 }, (_, i) => ({ job: 'a', payload: { i } })));
  // @ts-expect-error payload
  await jobs.enqueueMany([{ job: [Mailer, 'sendWelcome'], payload: { too: 'a' } }]);
  // @ts-expect-error method
  await jobs.enqueueMany([{ job: [Mailer, 'nope'] }]);
}
void [Img, R1, R2, S1, S2, C1, C2, Bad];

export async function many2() {
  // @ts-expect-error payload missing
  await jobs.enqueueMany([{ job: NightlyReport }]);
  await jobs.enqueueMany([{ job: Heartbeat }, { job: Nothing }, { job: 'x' }]);
}

export async function runtimeSchedules() {
  await schedules.create({ job: [Mailer, 'sendWelcome'], every: '5m', payload: { to: 'a' } });
  await schedules.create({ job: NightlyReport, cron: '@daily', payload: { day: 'a' }, overlap: 'skip', id: 'x' });
  await schedules.create({ job: Heartbeat, schedule: 'every 5m' });
  await schedules.create({ job: 'x', every: 5_000, payload: 1 });
  await schedules.create({ job: Resize, every: '1h', payload: { url: 's' } });
  // @ts-expect-error wrong payload
  await schedules.create({ job: [Mailer, 'sendWelcome'], every: '5m', payload: { too: 'a' } });
  // @ts-expect-error payload missing
  await schedules.create({ job: NightlyReport, every: '5m' });
  // @ts-expect-error method
  await schedules.create({ job: [Mailer, 'nope'], every: '5m' });
  // @ts-expect-error option
  await schedules.create({ job: Heartbeat, evry: '5m' });
  await schedules.update('x', { cron: '@hourly', end: null, expectedVersion: 2 });
  await schedules.list({ job: Heartbeat, source: 'api', enabled: true });
}

export async function later() {
  await jobs.enqueueIn([Mailer, 'sendWelcome'], { to: 'a' }, '5m');
  await jobs.enqueueAt(NightlyReport, { day: 'x' }, new Date(), { id: 'x' });
  await jobs.enqueueIn(Heartbeat, undefined, 1000);
  // @ts-expect-error wrong payload
  await jobs.enqueueIn([Mailer, 'sendWelcome'], { too: 'a' }, '5m');
  // @ts-expect-error payload missing
  await jobs.enqueueAt(NightlyReport, new Date());
  const handle = await jobs.trigger([Mailer, 'sendWelcome'], { to: 'a' });
  same<typeof handle, JobHandle<number>>(true);
  await jobs.trigger(NightlyReport);
  // @ts-expect-error no such method
  await jobs.trigger([Mailer, 'nope']);
  // @ts-expect-error a number is no job
  await jobs.enqueue(7);
  // @ts-expect-error no such option
  await jobs.enqueue(NoArgs, undefined, { timout: 1 });
}

@Injectable()
export class Misuses {
  // @ts-expect-error the contract says the name
  @Job(Plain, { name: 'other' }) async named(_: WelcomeMail) {}
  // @ts-expect-error the contract says the schema
  @Job(Resize, { schema: z.object({}) }) async schemed(_: { url: string; width: number }) {}
  // @ts-expect-error no such option
  @Job({ timout: '5m' }) async typo() {}
  // @ts-expect-error no such policy
  @Job({ overlap: 'never' }) async policy() {}
  // @ts-expect-error not a method
  @Job() field = 1;
  // @ts-expect-error a failure is what it is told
  @OnJobFail() tell(_: WelcomeMail) {}
  @Job({
    overlap: { policy: 'skip', key: (mail: WelcomeMail) => mail.to },
    unique: { key: (mail: WelcomeMail) => mail.to },
  })
  async keyed(_: WelcomeMail) {}
}

class Listeners {
  @OnJobEvent('failed') one({ error }: JobEventOf<'failed'>): string {
    return error.message;
  }
  @OnJobEvent(['completed', 'failed']) some({ durationMs }: JobEventOf<'completed' | 'failed'>): number {
    return durationMs;
  }
  @OnJobEvent('step', { job: 'by.name' }) any(event: JobEvent): string {
    return event.type === 'step' ? event.step.name : event.job;
  }
  @OnJobEvent('stalled') none(): void {}

  // @ts-expect-error there is no such event
  @OnJobEvent('complete') unknown(): void {}
  // @ts-expect-error it will also get those that have completed
  @OnJobEvent(['completed', 'failed']) narrow(_: JobEventOf<'failed'>): void {}
  // @ts-expect-error no such option
  @OnJobEvent('failed', { jobs: 'by.name' }) wrong(): void {}
}
void Listeners;

@Injectable()
class Streams {
  @Job() count(_: number): Observable<number> {
    return of(1);
  }
  @Job() async afterwards(_: number, ctx: JobContext) {
    const seen: string = await ctx.step('seen', () => of('a'));
    return of({ seen });
  }
}

export async function observableResults(service: JobService) {
  const count: number = await (await service.enqueue([Streams, 'count'], 1)).finished();
  const after: { seen: string } = await (await service.enqueue([Streams, 'afterwards'], 1)).finished();
  return { count, after };
}
