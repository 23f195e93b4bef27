/** Values that are meant to do harm, for every place that takes one. */
import type { Platform } from './app.js';

/** Bytes: what the platform's parser takes of a body by default, with room for what is around. */
export const LARGEST: Record<Platform, number> = { Express: 95_000, Fastify: 1_000_000 };

/** As texts of JSON and arguments of calls. */
export const HOSTILE_TEXTS: readonly string[] = [
  '',
  ' ',
  '.',
  '..',
  '../../../../etc/passwd',
  '..\\..\\x',
  'a\nb',
  'a\r\nSet-Cookie: x=1',
  'a\0b',
  '\u001b[2J\u001b[31m',
  '\ud83d',
  '\udc00x',
  '\u202egnp',
  '\ufeff',
  '{x}:{y}',
  ':',
  '*',
  '%',
  '%s%n%d',
  '%00',
  '12',
  '-1',
  'NaN',
  'null',
  '__proto__',
  'constructor',
  'toString',
  'bullmq:default:wait',
  'bullmq:default:meta',
  'bullmq:default:events',
  'bullmq:low:7',
  'wait',
  'active',
  'meta',
  "'; DROP TABLE job; --",
  '$1::jsonb',
  '"]); redis.call("flushall")',
  '${jndi:ldap://x}',
  '<script>alert(1)</script>',
  '[object Object]',
];

/** Long texts, each of about `size` characters, that make bad readers look back again and again. */
export function longTexts(size: number): string[] {
  const times = (text: string) => text.repeat(Math.ceil(size / text.length)).slice(0, size);
  return [
    times(' '),
    `1w${times(' ')}x`,
    `${times('a')}!`,
    times('1h'),
    times('1,'),
    times('*/'),
    times('1-'),
    `${times('\t')}* * * * *`,
    times('"'),
    times('\\'),
    times('{'),
    times('['),
    times('%25'),
    times('://user:pw@'),
    times('password='),
    times('é'),
    times('😀'),
    times('W/"1", '),
  ];
}

/** Values of `size` bytes of JSON, roughly, that are wide, deep or many. */
export function largeValues(size: number): unknown[] {
  let deep: unknown = 1;
  for (let n = 0; n < Math.min(size / 6, 4_000); n++) deep = n % 2 ? [deep] : { a: deep };
  return [
    Object.fromEntries(Array.from({ length: size / 12 }, (_, n) => [`k${n}`, 1])),
    Array.from({ length: size / 2 }, () => 0),
    Array.from({ length: size / 4 }, () => ({})),
    'x'.repeat(size),
    '\ud83d'.repeat(size / 6),
    deep,
  ];
}

/** Parameters of a job that are allowed, of `size` bytes of JSON, roughly: as many values as may be, or one. */
export function largestParams(size: number): unknown[] {
  const most = 9_900;
  const each = Math.max(1, Math.floor(size / most) - 12);
  return [
    Object.fromEntries(
      Array.from({ length: most }, (_, n) => [`k${n}`.padEnd(each, 'x'), 1]).slice(0, size / (each + 5)),
    ),
    Array.from({ length: Math.min(most / 2, size / (each + 10)) }, () => ({ a: 'x'.repeat(each) })),
    Array.from({ length: most }, () => 0),
    '"'.repeat(size / 2 - 500),
    '\u0001'.repeat(size / 6 - 500),
    'é'.repeat(size / 2 - 500),
  ];
}

/** Every route that takes a text, with `part` in each place of it. @param part encoded */
export function hostilePaths(part: string): [method: string, path: string][] {
  return [
    ['GET', `jobs/${part}`],
    ['DELETE', `jobs/${part}`],
    ['GET', `jobs/${part}/detail`],
    ['POST', `jobs/${part}/trigger`],
    ['DELETE', `jobs/${part}/logs`],
    ['GET', `jobs/${part}/logs/stream`],
    ['GET', `executions/${part}`],
    ['GET', `executions/${part}/logs`],
    ['GET', `executions/${part}/logs/stream`],
    ['POST', `executions/${part}/retry`],
    ['POST', `executions/${part}/cancel`],
    ['GET', `queues/${part}`],
    ['POST', `queues/${part}/pause`],
    ['GET', `stats/${part}`],
    ['GET', `jobs?jobName=${part}&jobGroup=${part}&invokeTarget=${part}`],
    ['GET', `jobs?after=${part}`],
    ['GET', `executions?job=${part}`],
    ['GET', `executions?scheduleId=${part}`],
    ['GET', `executions?before=${part}`],
    ['GET', `executions?status=${part}`],
    ['GET', `dead-letters?job=${part}`],
    ['GET', `dead-letters?queue=${part}`],
    ['GET', `dead-letters?olderThan=${part}`],
    ['GET', `dead-letters?before=${part}`],
    ['GET', `events/stream?job=${part}`],
  ];
}
