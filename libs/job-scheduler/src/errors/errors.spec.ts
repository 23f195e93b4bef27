import { describe, expect, it } from '@jest/globals';
import { JobDefinitionError, OptionsError, ScheduleError } from './definition-errors.js';
import { ERROR_CODES } from './error-codes.js';
import { JobSchedulerError } from './job-scheduler-error.js';
import * as history from './history-errors.js';
import * as locks from './lock-errors.js';
import * as outcomes from './outcome-errors.js';
import * as payloads from './payload-errors.js';
import * as queues from './queue-errors.js';
import * as requests from './request-errors.js';
import * as schedules from './schedule-errors.js';
import * as stores from './store-errors.js';
import * as tasks from './task-errors.js';
import * as names from './unknown-name-errors.js';

const fault = { at: 'queues.low.weight', problem: '0 is no weight. Allowed: a number above 0.' };
const other = { at: 'prefix', problem: '"" is not allowed.' };

/** Each error with the whole of its message. */
const ERRORS: [JobSchedulerError, string][] = [
  [
    new OptionsError([fault, other]),
    'There are 2 faults in the options of JobSchedulerModule:\n  - queues.low.weight: 0 is no weight. Allowed: a number above 0.\n  - prefix: "" is not allowed.',
  ],
  [
    new JobDefinitionError([fault, other]),
    'There are 2 faults in the declared jobs:\n  - queues.low.weight: 0 is no weight. Allowed: a number above 0.\n  - prefix: "" is not allowed.',
  ],
  [new ScheduleError('schedule', 'x', 'The schedule "x" has 1 field.'), 'The schedule "x" has 1 field.'],
  [
    new schedules.ScheduleInputError([
      { field: 'timezone', value: 'Mars', message: '"Mars" is not a time zone.', code: 'SCHEDULE_INVALID' },
    ]),
    'There is a fault in the schedule:\n  - timezone: "Mars" is not a time zone.',
  ],
  [
    new schedules.ScheduleUnknownError('code:mial', ['code:mail']),
    'There is no schedule "code:mial". Did you mean "code:mail"? Known: code:mail.',
  ],
  [
    new schedules.ScheduleExistsError('nightly'),
    'There is a schedule "nightly" already. Change it with update, or choose another id.',
  ],
  [
    new schedules.ScheduleOwnedError('code:mail', 'deleted'),
    'Schedule "code:mail" is declared in code and cannot be deleted here: change its job\'s declaration. Allowed: enable, disable and runNow.',
  ],
  [
    new schedules.ScheduleConflictError('nightly', 2, 3),
    'Schedule "nightly" is of version 3, not 2: it was changed meanwhile. Read it again, then repeat the change.',
  ],
  [new names.JobUnknownError('mial', ['mail']), 'No job "mial" is registered. Did you mean "mail"? Registered: mail.'],
  [
    new names.QueueUnknownError('critcal', ['critical', 'default', 'low']),
    'Queue "critcal" is not configured. Did you mean "critical"? Configured: critical, default, low.',
  ],
  [
    new names.StepUnknownError('colect', ['collect']),
    'Step "colect" has no result in this run. Did you mean "collect"? Finished steps: collect.',
  ],
  [new names.StepUnknownError('collect', []), 'Step "collect" has no result in this run. Finished steps: none.'],
  [
    new names.StepRepeatedError('page'),
    'Step "page" ran twice in one attempt. Step names are unique in a job: add what differs to the name.',
  ],
  [new names.ExecutionUnknownError('7'), 'No execution "7" is known: the id is wrong, or its record has expired.'],
  [new names.ExecutionNotFailedError('7', 'running'), 'Execution "7" is running. Only a failed one can be retried.'],
  [
    new names.ExecutionNotDelayedError('7', 'running'),
    'Execution "7" is running, and does not wait for its time. Only a delayed one, or one that waits for its retry, can be promoted.',
  ],
  [new names.ExecutionEndedError('7', 'completed'), 'Execution "7" has ended as completed.'],
  [
    new requests.RequestInvalidError([{ in: 'body', path: ['status'], message: 'Allowed: "0" or "1"' }]),
    'There is a fault in the request.',
  ],
  [
    new requests.RequestTooLargeError(10_000),
    'The body holds more than 10000 values. Send less: keep large data elsewhere, and send where it is.',
  ],
  [new requests.RequestTypeError(), 'The body is to be JSON: send it with "Content-Type: application/json".'],
  [new requests.RouteUnknownError('PATCH', '/v1/monitor/jobs'), 'There is no PATCH /v1/monitor/jobs.'],
  [
    new requests.StreamsFullError('process', 200),
    'This process has 200 streams open, and no more are allowed. Close one, or come again later.',
  ],
  [
    new requests.StreamsFullError('caller', 1),
    'You have 1 stream open, and no more are allowed. Close one, or come again later.',
  ],
  [
    new history.HistoryQueryError('limit', 0, 'History query "limit" is 0; a limit is a whole number from 1 to 200.'),
    'History query "limit" is 0; a limit is a whole number from 1 to 200.',
  ],
  [
    new queues.QueueFullError('low', 100),
    `Queue "low" is full: 100 jobs wait in it (maxWaiting). Enqueue later, or with whenFull: 'wait'.`,
  ],
  [
    new queues.QueueFullError('low', 100, 7),
    `Queue "low" has no room for 7 more jobs: at most 100 may wait in it (maxWaiting). Enqueue later, or with whenFull: 'wait'.`,
  ],
  [
    new queues.EnqueueIncompleteError({ total: 9, stored: 4, unknown: 3, unsent: 2 }, [7, 8], 'It is full.', undefined),
    'enqueueMany stored 4 of 9 entries; 3 more may be stored, 2 are not. Repeat the call where entries have an id of their own, which is safe; else with the entries at the positions in error.unsent. It ended because: It is full.',
  ],
  [
    new tasks.TaskPoolOptionsError('concurrency', 0, 'it is a whole number of at least 1.'),
    'Task pool concurrency: it is a whole number of at least 1.',
  ],
  [new tasks.TaskTimeoutError('The task', 50), 'The task took longer than 50 ms.'],
  [
    new payloads.PayloadInvalidError('mail', 'is not JSON: to is a function'),
    'The payload of job "mail" is not JSON: to is a function',
  ],
  [
    new payloads.PayloadTooLargeError('mail', 2_000_000, 1_048_576),
    'The payload of job "mail" has 2000000 bytes; maxPayload is 1048576. Store the data elsewhere and enqueue a reference.',
  ],
  [
    new payloads.JobKeyError('mail', 'unique', 'gave 5'),
    'unique.key of job "mail" gave 5. It is to give a text for every payload.',
  ],
  [
    new payloads.ResultInvalidError('step "render"', 'is not JSON: it is a Map'),
    'The result of step "render" is not JSON: it is a Map. Return plain JSON, or nothing.',
  ],
  [
    new payloads.EnqueueOptionsError('priority', 'x', 'priority: "x" is not a number.'),
    'priority: "x" is not a number.',
  ],
  [
    new stores.StoreUnavailableError('redis://h:6379', 'did not answer within 5 s.'),
    'The job store at redis://h:6379 did not answer within 5 s.',
  ],
  [
    new stores.StoreInUseError('./data', 'process 12'),
    'The job store in ./data is open in process 12. A file: store serves one process: stop that one, or use Redis or PostgreSQL for several.',
  ],
  [new stores.StoreUnsupportedError('redis://h', 'is of version 5.'), 'The job store at redis://h is of version 5.'],
  [
    new stores.DriverMissingError('ioredis', 'redis://h'),
    'The connection redis://h needs the package ioredis. Install it: npm install ioredis',
  ],
  [
    new stores.NotStartedError('enqueue', 'starting'),
    'Cannot enqueue before the job store is open. It opens when the app starts, or at the first call in onModuleInit or later: call it there, and not in a constructor or a factory.',
  ],
  [new stores.NotStartedError('enqueue', 'stopped'), 'Cannot enqueue: the job scheduler has stopped.'],
  [
    new schedules.FireOwnedError('bullmq:low:repeat:a:1', 'low'),
    'Execution "bullmq:low:repeat:a:1" is the next fire of a BullMQ job scheduler of queue "low", and cannot be cancelled alone: remove or change that scheduler.',
  ],
  [new outcomes.JobAbortError('no such invoice'), 'no such invoice'],
  [new outcomes.JobCancelError(), 'cancelled'],
  [new outcomes.JobSnoozeError('5m'), 'Snoozed for 5m'],
  [new outcomes.JobTimeoutError('Job "mail"', 300_000), 'Job "mail" timed out after 300000 ms'],
  [new outcomes.JobShutdownError(), 'The process stops. The job goes back to its queue.'],
  [new outcomes.JobLockLostError('7'), 'The lock of execution "7" was lost. Another worker may run it by now.'],
  [new outcomes.JobPoisonedError(3), 'The job kept killing its worker: 3 times.'],
  [new outcomes.JobRefusedError('no tenant'), 'no tenant'],
  [new outcomes.JobFailedError('7', 'mail', new Error('no such address')), 'no such address'],
  [new outcomes.JobSkippedError('7', 'mail', 'overlap'), 'Job "mail" was skipped: overlap'],
  [new outcomes.JobCancelledError('7', 'mail', 'replaced'), 'Job "mail" was cancelled: replaced'],
  [
    new outcomes.WaitOptionsError('timeout', 'soon', '"soon" is not a duration.'),
    'finished() timeout: "soon" is not a duration.',
  ],
  [new outcomes.WaitTimeoutError('7', 'mail', 50), 'Job "mail" did not finish within 50 ms. It goes on.'],
  [
    new locks.LockOptionsError('ttl', 0, '0 is too short. Allowed: at least 10ms.'),
    'Lock ttl: 0 is too short. Allowed: at least 10ms.',
  ],
  [
    new locks.LockTimeoutError('import', 500),
    'The lock "import" was not free within 500 ms. Wait longer, or hold it for less time.',
  ],
  [
    new locks.LockLostError('import', 'it was not extended within 500 ms'),
    'The lock "import" was lost: it was not extended within 500 ms. Somebody else may have it by now.',
  ],
];

describe('errors', () => {
  it.each(ERRORS.map(([error, message]) => [error.constructor.name, error, message] as const))(
    '%s says what is wrong, and carries a listed code',
    (name, error, message) => {
      expect(error).toBeInstanceOf(JobSchedulerError);
      expect(error.message).toBe(message);
      expect(error.name).toBe(name);
      expect(ERROR_CODES).toContain(error.code);
      expect(Object.isFrozen(error.details)).toBe(true);
      expect(error.stack).toContain(name);
    },
  );

  it('have no code twice in the list, and all codes written alike', () => {
    expect(new Set(ERROR_CODES).size).toBe(ERROR_CODES.length);
    for (const code of ERROR_CODES) expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
  });

  it('are all in this test', () => {
    const classes = [
      { OptionsError, JobDefinitionError, ScheduleError },
      names,
      payloads,
      requests,
      schedules,
      stores,
      outcomes,
      locks,
      history,
    ].flatMap((module) => Object.keys(module));
    const tested = new Set(ERRORS.map(([error]) => error.constructor.name));
    expect(classes.filter((name) => !tested.has(name))).toEqual(['JobEndedError']);
  });

  it('speak of one fault in the singular', () => {
    expect(new OptionsError([other]).message).toBe(
      'There is a fault in the options of JobSchedulerModule:\n  - prefix: "" is not allowed.',
    );
    expect(new JobDefinitionError([other]).message).toBe(
      'There is a fault in the declared jobs:\n  - prefix: "" is not allowed.',
    );
  });

  it('carry the values for a program, and the cause', () => {
    const cause = new Error('ECONNREFUSED');
    const error = new stores.StoreUnavailableError('redis://h', 'is away', cause);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', details: { address: 'redis://h' }, cause });
    expect(new OptionsError([fault]).details).toEqual({ faults: [fault] });
    expect(new names.JobUnknownError('a', ['b']).details).toEqual({ job: 'a', known: ['b'] });
    expect('cause' in new outcomes.JobAbortError('x')).toBe(false);
  });
});
