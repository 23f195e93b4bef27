import { describe, expect, it } from '@jest/globals';
import type { JobEvent } from '../definition/job-event.js';
import { encodeEvent, readMessage, takeMessage } from './event-wire.js';

const at = new Date('2026-01-02T03:04:05.678Z');
const event = (id: string, message = ''): JobEvent => ({
  type: 'failed',
  at,
  id,
  job: 'a',
  queue: 'default',
  workerId: 'w',
  attempt: 1,
  durationMs: 2,
  error: { name: 'Error', message },
});
const logged = {
  type: 'log',
  at,
  id: 'x',
  job: 'a',
  queue: 'default',
  workerId: 'w',
  attempt: 1,
  line: { seq: 1, number: 1, at, executionId: 'x', job: 'a', attempt: 1, level: 'log', message: 'said' },
} as const satisfies JobEvent;

describe('events on their way', () => {
  it('come as they were sent, with their times', () => {
    const encoded = [event('1'), logged].map((each) => encodeEvent(each)!);
    expect(readMessage(takeMessage(encoded))).toEqual([event('1'), logged]);
    expect(encoded).toEqual([]);
  });

  it('in messages of bounded size, in order; a long one alone', () => {
    const events = [
      event('1'),
      event('2', 'x'.repeat(100_000)),
      ...['3', '4', '5'].map((id) => event(id, 'y'.repeat(30_000))),
    ];
    const encoded = events.map((each) => encodeEvent(each)!);
    const messages: string[] = [];
    while (encoded.length > 0) messages.push(takeMessage(encoded));
    expect(messages.map((message) => readMessage(message).map(({ id }) => id))).toEqual([
      ['1'],
      ['2'],
      ['3', '4'],
      ['5'],
    ]);
    expect(messages.flatMap(readMessage)).toEqual(events);
  });

  it('not at all when they are huge, or no JSON', () => {
    expect(encodeEvent(event('1', 'x'.repeat(2_000_000)))).toBeUndefined();
    const round: { self?: unknown } = {};
    round.self = round;
    expect(encodeEvent({ ...event('1'), error: round } as unknown as JobEvent)).toBeUndefined();
  });

  it.each(['', '{', '7', 'null', '{"id":"1"}', '[null,7,{"id":1},{"id":"1","type":"unheard-of"}]'])(
    'rubbish and what a later version tells is left out: %s',
    (message) => {
      expect(readMessage(message)).toEqual([]);
    },
  );

  it.each([
    ['no time', { at: undefined }],
    ['a time that is none', { at: 'soon' }],
    ['no job', { job: undefined }],
    ['no error', { error: undefined }],
    ['an error that is none', { error: 7 }],
    ['a line that is none', { type: 'log', line: null }],
    ['a line without its time', { type: 'log', line: {} }],
    ['no step', { type: 'step' }],
  ])('what another version tells with %s is left out, and what comes with it is heard', (_, fields) => {
    const odd = { ...JSON.parse(encodeEvent(event('odd'))!), ...fields } as unknown;
    const message = `[${JSON.stringify(odd)},${encodeEvent(event('1'))}]`;
    expect(readMessage(message)).toEqual([event('1')]);
  });
});
