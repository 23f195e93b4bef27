import { z } from 'zod';
import { OVERLAPS } from '../../definition/job-options.js';
import { concurrentCode } from './job-fields.js';
import { JsonValue } from './json-value.js';
import { Cursor, Limit, maybeText, text, Timestamp } from './texts.js';

const Status = z.enum(['0', '1']).meta({ description: '0 enabled, 1 disabled.' });
const MisfirePolicy = z.enum(['1', '2', '3']).meta({
  description: 'Fires that nobody took in time: 1 all of them, in order, 2 once, 3 none. Default: the job’s.',
});
const Concurrent = z
  .enum(['0', '1'])
  .meta({ description: 'Beside another run of its own: 0 allowed, 1 not; `overlap` says what happens instead.' });
const OverlapPolicy = z.enum(OVERLAPS).meta({ description: 'Default: the job’s; `skip` for `concurrent` 1.' });

/** What a client may write. */
const written = {
  jobName: text(128).meta({ description: 'For people. Need not be unique.' }),
  jobGroup: text(64).meta({ description: 'For people, to find jobs by. Default: DEFAULT.' }),
  invokeTarget: text(256).meta({ description: 'The name of a job that is registered in code.' }),
  invokeParams: JsonValue.meta({ description: 'Its payload: JSON that passes the job’s schema. null: none.' }),
  cronExpression: text(256).meta({
    description: 'A cron expression of 5 fields, of 6 with seconds first, a macro such as `@daily`, or `every 15m`.',
  }),
  timezone: text(64).meta({ description: 'IANA name. Default: the module’s, UTC if that says nothing.' }),
  status: Status,
  misfirePolicy: MisfirePolicy,
  concurrent: Concurrent,
  overlap: OverlapPolicy,
  remark: maybeText(1_024).nullable().meta({ description: 'For people.' }),
};

/** What the server says. A client that sends back what it has read may leave it in: it is not written. */
const said = {
  id: text(512).meta({ description: 'Chosen by the client at creation, or a UUID; `code:…` for those of the code.' }),
  source: z.enum(['code', 'api']).meta({ description: 'Who declares it.' }),
  version: z.int().min(1).meta({ description: 'Grows with each change. The ETag holds it.' }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
};

/** When it fires: changes without a change of the job, so it stands where no ETag does. */
const timing = {
  description: z.string().meta({ description: 'The timing in words: `At 02:00`.' }),
  next: Timestamp.nullable().meta({ description: 'null: disabled, or over.' }),
  previous: Timestamp.nullable().meta({ description: 'The newest fire that was taken.' }),
};

/** A persisted job: a schedule. */
export const Job = z
  .object({ ...said, ...written, jobGroup: z.string(), remark: z.string() })
  .meta({ id: 'MonitorJob', description: 'A persisted job: which registered job runs when, with which payload.' });
export type Job = z.output<typeof Job>;

export const ListedJob = z.object({ ...Job.shape, ...timing }).meta({ id: 'MonitorListedJob' });
export type ListedJob = z.output<typeof ListedJob>;

const optional = <S extends z.ZodRawShape>(shape: S) => z.object(shape).partial().shape;

/** The body of `POST jobs`. */
export const NewJob = z
  .strictObject({
    id: text(256).optional(),
    ...optional(written),
    jobName: written.jobName,
    invokeTarget: written.invokeTarget,
    cronExpression: written.cronExpression,
  })
  .refine(({ concurrent, overlap }) => !concurrent || !overlap || concurrentCode(overlap) === concurrent, {
    path: ['overlap'],
    error: 'Invalid option: "overlap" and "concurrent" say different things; give one of them',
  })
  .meta({ id: 'MonitorNewJob' });
export type NewJob = z.output<typeof NewJob>;

/** The body of `PUT jobs/:id`. */
export const JobChange = z.strictObject({ ...optional(written), ...optional(said), ...optional(timing) }).meta({
  id: 'MonitorJobChange',
  description: 'What is left out stays. What only the server says may stand in it, and is not read.',
});
export type JobChange = z.output<typeof JobChange>;

/** What of a change is written. */
export const WRITTEN_FIELDS = Object.keys(written) as (keyof typeof written)[];

/** The body of `PUT jobs/:id/status`. */
export const StatusChange = z.strictObject({ status: Status }).meta({ id: 'MonitorStatusChange' });
export type StatusChange = z.output<typeof StatusChange>;

/** The query of `GET jobs`. */
export const JobQuery = z.strictObject({
  jobName: text(128).optional().meta({ description: 'Those whose name contains it, in whichever case.' }),
  jobGroup: text(64).optional(),
  invokeTarget: text(256).optional(),
  status: Status.optional(),
  limit: Limit,
  after: Cursor,
});
export type JobQuery = z.output<typeof JobQuery>;

export const JobPage = z.object({
  items: z.array(ListedJob),
  total: z.int().meta({ description: 'How many fit the filter, on all pages.' }),
  next: z.string().optional().meta({ description: '`after` of the next page; absent on the last one.' }),
});
export type JobPage = z.output<typeof JobPage>;
