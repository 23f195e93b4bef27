import { describe, expect, it } from '@jest/globals';
import { ForbiddenException, ServiceUnavailableException } from '@nestjs/common';
import { ERROR_CODES } from '../../errors/error-codes.js';
import { PayloadInvalidError } from '../../errors/payload-errors.js';
import { RequestInvalidError } from '../../errors/request-errors.js';
import { ScheduleConflictError, ScheduleInputError, type ScheduleIssue } from '../../errors/schedule-errors.js';
import { NotStartedError, StoreInUseError, StoreUnavailableError } from '../../errors/store-errors.js';
import { JobUnknownError } from '../../errors/unknown-name-errors.js';
import { ERROR_STATUS } from './error-status.js';
import { jsonPointer } from './problem.js';
import { problemOf } from './problem-of.js';
import { redact } from '../../errors/redact.js';

const address = 'redis://user:secret@db.internal:6379';
const issue = (code: ScheduleIssue['code']): ScheduleIssue => ({ field: 'payload', value: 1, message: 'no', code });

describe('a problem', () => {
  it.each<[thrown: unknown, problem: object]>([
    [new JobUnknownError('mial', ['mail']), { status: 404, code: 'JOB_UNKNOWN', title: 'Job unknown' }],
    [new PayloadInvalidError('mail', 'is not JSON'), { status: 400, code: 'PAYLOAD_INVALID' }],
    [new ScheduleConflictError('a', 1, 2), { status: 412 }],
    [new ScheduleConflictError('a', undefined, undefined), { status: 409 }],
    [
      new ScheduleInputError([issue('PAYLOAD_INVALID')]),
      {
        status: 400,
        detail: 'There is a fault in the schedule.',
        errors: [{ pointer: '#/invokeParams', detail: 'no', code: 'PAYLOAD_INVALID' }],
      },
    ],
    [new ScheduleInputError([issue('PAYLOAD_TOO_LARGE')]), { status: 413 }],
    [
      new RequestInvalidError([
        { in: 'body', path: ['a', 0], message: 'one' },
        { in: 'query', path: ['limit'], message: 'two' },
        { in: 'header', path: ['If-Match'], message: 'three' },
      ]),
      {
        status: 400,
        errors: [
          { pointer: '#/a/0', detail: 'one' },
          { parameter: 'limit', detail: 'two' },
          { header: 'If-Match', detail: 'three' },
        ],
      },
    ],
    [new ForbiddenException('Not you'), { status: 403, code: 'REQUEST_REFUSED', detail: 'Not you' }],
    [
      { statusCode: 413, message: 'limit is 5' },
      { status: 413, code: 'REQUEST_TOO_LARGE' },
    ],
    [{ status: 418 }, { status: 418, code: 'REQUEST_INVALID' }],
    [new NotStartedError('list', 'stopped'), { status: 503, code: 'NOT_STARTED' }],
    [undefined, { status: 500, code: 'INTERNAL' }],
    [
      { status: 'odd', statusCode: 200 },
      { status: 500, code: 'INTERNAL' },
    ],
  ])('of %p says %j', (thrown, problem) => {
    expect(problemOf(thrown, '/jobs', false)).toMatchObject({ ...problem, instance: '/jobs' });
  });

  it.each([
    [new StoreUnavailableError(address, 'did not answer'), 503],
    [new StoreInUseError('/var/data', 'process 12'), 500],
    [new ServiceUnavailableException(`${address} is away`), 503],
    [new Error(`connect ECONNREFUSED ${address}`), 500],
    [address, 500],
  ])('of an error of ours tells nothing of it unless asked to', (thrown, status) => {
    const { type: _, title: __, code: ___, ...told } = problemOf(thrown, '/jobs', false);
    expect(told).toEqual({ status, detail: expect.stringMatching(/\.$/), instance: '/jobs' });
    expect(JSON.stringify(told)).not.toMatch(/redis|secret|internal|data|process|ECONN/);
    const exposed = problemOf(thrown, '/jobs', true);
    expect(exposed.detail).toBe(thrown instanceof Error ? thrown.message : address);
    expect(exposed.stack).toBe(thrown instanceof Error ? thrown.stack : undefined);
  });

  it('has a status for each code of the library, and none that is no error', () => {
    expect(Object.keys(ERROR_STATUS).toSorted()).toEqual([...ERROR_CODES].toSorted());
    for (const status of Object.values(ERROR_STATUS)) expect(status).toBeGreaterThanOrEqual(400);
  });
});

it('a pointer escapes what would mean something else', () => {
  expect(jsonPointer([])).toBe('#');
  expect(jsonPointer(['a/b', 'c~d', 0, 'ä %', '\ud800'])).toBe('#/a~1b/c~0d/0/%C3%A4%20%25/%EF%BF%BD');
});

it('a text is told without connection strings and credentials', () => {
  expect(redact('at redis://h:1/0, "postgres://u:p@h/db" and https://u:p@h/x?a=b@c or https://h/x@y')).toBe(
    'at redis://… "postgres://…" and https://…@h/x?a=b@c or https://h/x@y',
  );
});
