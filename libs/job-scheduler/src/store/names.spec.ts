import { describe, expect, test } from '@jest/globals';
import { QueueKeys } from 'bullmq';
import {
  decodeJobId,
  decodeSchedulerId,
  encodeJobId,
  encodeSchedulerId,
  isInternalQueue,
  TICK_QUEUE,
} from './names.js';

const PIECES = [
  'a',
  'Z',
  '7',
  '0',
  '-',
  ':',
  '%',
  '_',
  '25',
  '3A',
  '%25',
  '%_',
  '.',
  ' ',
  'é',
  '😀',
  '#',
  '{',
  '}',
  '\n',
];

/** A small linear generator: the same odd texts in each run. */
function* oddTexts(count: number): Generator<string> {
  let state = 42;
  const next = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  for (let i = 0; i < count; i++) {
    yield Array.from({ length: next(7) }, () => PIECES[next(PIECES.length)]!).join('');
  }
}

const KNOWN = [
  '', '0', '17', '-5', '1.5', '007', 'NaN', 'order-17', 'a:b:c', '100%', '%25', '%_17', '%_', 'repeat:x:1',
  'bullmq:default:17', 'bullmq:default:order-17', 'bullmq:other:17', '😀',
]; // prettier-ignore

const isRefusedByBullMQ = (id: string) => `${parseInt(id, 10)}` === id || id.includes(':') || id === '0';

describe('job ids', () => {
  const texts = [...KNOWN, ...oddTexts(5_000)];

  test('come back as they were, whatever they are', () => {
    for (const id of texts) expect(decodeJobId(encodeJobId(id, 'default'), 'default')).toBe(id);
  });

  test('are never ones that BullMQ refuses, except those it made itself', () => {
    const given = texts.filter((id) => !id.startsWith('bullmq:default:'));
    expect(given.filter((id) => isRefusedByBullMQ(encodeJobId(id, 'default')))).toEqual([]);
  });

  test('two ids never meet', () => {
    const distinct = new Set(texts);
    expect(new Set([...distinct].map((id) => encodeJobId(id, 'default'))).size).toBe(distinct.size);
  });

  test("never reach a key of the queue's own", () => {
    const own = Object.keys(new QueueKeys('p').getKeys('q'));
    expect(own).toContain('wait');
    const ofJobs = ['17:lock', 'order-17:logs', 'metrics:completed', 'de:plain', 'repeat:plain'];
    for (const key of [...own, ...ofJobs]) {
      for (const id of [key, `bullmq:default:${key}`, `bullmq:default:bullmq:default:${key}`]) {
        expect([...own, ...ofJobs]).not.toContain(encodeJobId(id, 'default'));
        expect(encodeJobId(id, 'default')).not.toContain(':');
        expect(decodeJobId(encodeJobId(id, 'default'), 'default')).toBe(id);
      }
    }
    expect(encodeJobId('bullmq:low:repeat:plain:1790000000000:on-fail:1', 'low')).not.toContain(':');
  });

  test('an ordinary id stays readable', () => {
    expect(encodeJobId('order-17', 'default')).toBe('order-17');
    expect(encodeJobId('0b6e3c5e-8f1e-4c55-9d6d-0e2f6a1b7c11', 'low')).toBe('0b6e3c5e-8f1e-4c55-9d6d-0e2f6a1b7c11');
  });

  test('ids that BullMQ made carry their queue outside, so that two queues do not share one', () => {
    expect(decodeJobId('17', 'low')).toBe('bullmq:low:17');
    expect(decodeJobId('repeat:a:99', '_ticks')).toBe('bullmq:_ticks:repeat:a:99');
    for (const raw of ['17', 'repeat:a:99', 'abc', 'x%y1'])
      expect(encodeJobId(decodeJobId(raw, 'low'), 'low')).toBe(raw);
    expect(encodeJobId('bullmq:low:17', 'default')).toBe('bullmq%3Alow%3A17');
  });
});

test('scheduler ids come back and hold no colon', () => {
  for (const id of ['code:Heartbeat', 'code:a:b:c:d:e#2', '100%', '%3A', ...oddTexts(1_000)]) {
    expect(encodeSchedulerId(id)).not.toContain(':');
    expect(decodeSchedulerId(encodeSchedulerId(id))).toBe(id);
  }
});

test('the tick queue is internal', () => {
  expect(isInternalQueue(TICK_QUEUE)).toBe(true);
  expect(isInternalQueue('default')).toBe(false);
});
