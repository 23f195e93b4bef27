/** Requests of which each is wrong in some way, made at random: the same for the same seed. */
import type { Random } from '../support/random.js';
import { curlBody } from './app.js';

export interface BadRequest {
  readonly method: string;
  /** Below the API's path, as it is sent. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | undefined;
}

type Make = (random: Random) => BadRequest;

/** What no field of a job takes. */
const NEVER: readonly unknown[] = [
  0,
  -1,
  1.5,
  1e308,
  true,
  false,
  [],
  {},
  [[]],
  { toString: 'x' },
  ['0'],
  { $gt: '' },
  '',
  'a\0b',
  '\ud800',
  'x'.repeat(2_000),
  ' '.repeat(2_000),
  '\u202e'.repeat(2_000),
];
const WRITABLE = ['jobName', 'jobGroup', 'invokeTarget', 'cronExpression', 'timezone', 'status'] as const;
const BAD_TIMINGS = [
  '61 * * * *',
  '* * * *',
  '0 0 30 2 *x',
  'every',
  'every 1ms',
  'every -5m',
  '@dayly',
  '0 24 * * *',
  'noon',
  '* * * * * * *',
  '0 0 * * 8-9',
  '"; DROP TABLE',
  '{{7*7}}',
  '../../etc/passwd',
  '1-0 * * * *',
  '*/0 * * * *',
];
const BAD_CODES = ['7', '-1', '00', 'enabled', '１', 'null', ' 0', '0\n', 'true'];
const BAD_ZONES = ['Mars', 'Europe/Berln', '+25:00', 'UTC\u0000', '../UTC', 'Z0', 'GMT+99'];
const UNKNOWN_JOBS = ['my.jbo', 'MY.JOB', 'my.job ', '__proto__', 'constructor', 'toString', "my.job' OR '1'='1", '*'];
const IDS = [
  'nobody',
  '00000000-0000-0000-0000-000000000000',
  'code:nobody',
  '%F0%9F%92%A9',
  "'%20OR%201=1--",
  '__proto__',
];
const BAD_IDS = ['a%00b', '%00', '%01%00', 'x'.repeat(600), '%C0%80', '%ZZ', '%', '%E0%A4', '%ED%A0%80'];
const TYPES = [
  'text/plain',
  'text/html',
  'application/xml',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'application/octet-stream',
  'json',
  'application/jsonx',
  '*/*',
  ';;;',
  'application/json/extra',
  'image/png',
];
const BAD_TAGS = [
  '1',
  '"1',
  '""1""',
  'W/1',
  "'1'",
  '"1" "2"',
  '"1",,"2"',
  '<1>',
  '"\u00001"'.replace('\0', ' '),
  '"9"',
  'W/"1"',
];
const BAD_QUERIES = [
  'limit=0',
  'limit=-1',
  'limit=201',
  'limit=1.5',
  'limit=NaN',
  'limit=',
  'limit=1&limit=2',
  'limit[]=1',
  'limit=0x10',
  '__proto__=1',
  'constructor=1',
  'nope=1',
  'before[$gt]=1',
  '%00=1',
  'order=asc',
  '=',
  '&=&',
  'limit=%D9%A3',
];

function text(random: Random, most: number): string {
  const alphabets = [
    'abcdefghijklmnopqrstuvwxyz',
    '{}[]",:0123456789eE+-.\\ntrfals',
    '<>&\'"`;=()%$#@!',
    'äß漢字🦄\u200f\u0000\ud800',
  ];
  const letters = Array.from(random.pick(alphabets));
  return Array.from({ length: 1 + random.below(most) }, () => random.pick(letters)).join('');
}

function encoded(random: Random, most: number): string {
  const bytes = Array.from({ length: 1 + random.below(most) }, () => random.below(256));
  return bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

/** A job with one thing wrong, at least. */
function badJob(random: Random, complete: boolean): object {
  const base: Record<string, unknown> = complete ? { ...curlBody } : {};
  const wrongs: readonly (() => object)[] = [
    () => ({ ...base, [random.pick(WRITABLE)]: random.pick(NEVER) }),
    () => ({
      ...base,
      [random.pick(['misfirePolicy', 'concurrent', 'overlap'])]: random.pick([...NEVER, ...BAD_CODES]),
    }),
    () => ({ ...base, status: random.pick(BAD_CODES) }),
    () => ({ ...base, cronExpression: random.pick(BAD_TIMINGS) }),
    () => ({ ...base, cronExpression: `x${text(random, 40)}` }),
    () => ({ ...base, timezone: random.pick(BAD_ZONES) }),
    () => ({ ...base, invokeTarget: random.pick(UNKNOWN_JOBS) }),
    () => ({
      ...base,
      invokeTarget: 'strict.job',
      invokeParams: random.pick([...NEVER, null, { day: 'x' }, { day: 5 }]),
    }),
    () => ({ ...base, invokeParams: nested(120 + random.below(3_000)) }),
    () => ({ ...base, invokeParams: { deep: ['a\0b', '\udfff'][random.below(2)] } }),
    () => ({ ...base, [`x${text(random, 30)}`]: random.pick(NEVER) }),
    () => ({ ...base, remark: random.pick([5, [], {}, true, 'x'.repeat(1_025), 'a\0b']) }),
    () => ({ ...base, concurrent: '0', overlap: random.pick(['skip', 'wait', 'replace']) }),
  ];
  const creations: readonly (() => object)[] = [
    () => without(base, random.pick(['jobName', 'invokeTarget', 'cronExpression'])),
    () => ({ ...base, id: random.pick(['', 'code:x', 'a\0', 5, null, 'x'.repeat(257), {}]) }),
    () => ({}),
  ];
  // Of a job whose overlap is "allow" already, the last one changes nothing that is wrong.
  return random.pick(complete ? [...wrongs, ...creations] : wrongs.slice(0, -1))();
}

function without(object: Record<string, unknown>, name: string): object {
  return Object.fromEntries(Object.entries(object).filter(([each]) => each !== name));
}

function nested(depth: number): unknown {
  let value: unknown = 'deep';
  for (let n = 0; n < depth; n++) value = n % 2 ? [value] : { a: value };
  return value;
}

/** A body that is no object in JSON. */
function badText(random: Random): string | Buffer {
  const json = JSON.stringify(curlBody);
  return random.pick<() => string | Buffer>([
    () => json.slice(0, 1 + random.below(json.length - 1)),
    () => `${json}${text(random, 5)}}`,
    () => `x${text(random, 200)}`,
    () => Buffer.from([0xff, ...Array.from({ length: 50 }, () => random.below(256))]),
    () => JSON.stringify(random.pick([null, 5, 'text', true, [], [curlBody]])),
    () => json.replace('{', '{"__proto__":{"x":1},'),
    () => json.replace('{"key"', '{"constructor":{"prototype":{"x":1}},"key"'),
    () => json.replaceAll('"', "'"),
    () => `\ufeff\ufeff${json}`,
    () => json.replace('"0"', '"0",,'),
    () => '['.repeat(20_000),
  ])();
}

const JSON_TYPE = { 'content-type': 'application/json' };

const send = (method: string, path: string, body: unknown, headers: Record<string, string> = {}): BadRequest => ({
  method,
  path,
  headers: { ...JSON_TYPE, ...headers },
  body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
});
const ask = (method: string, path: string, headers: Record<string, string> = {}): BadRequest => ({
  method,
  path,
  headers,
  body: undefined,
});

/** @param job the id of one that is there, at version 1, and must stay so. */
export function badRequests(job: string): Make {
  const kinds: readonly Make[] = [
    (random) => send('POST', 'jobs', badJob(random, true)),
    (random) => send('POST', 'jobs', badJob(random, true)),
    (random) => send('POST', 'jobs', badText(random)),
    (random) => send('PUT', `jobs/${job}`, badJob(random, false)),
    (random) => send('PUT', `jobs/${job}`, badText(random)),
    (random) => send('PUT', 'jobs/code:code.job', { [random.pick(['jobName', 'remark', 'timezone'])]: 'Changed/Here' }),
    (random) =>
      send(
        'PUT',
        `jobs/${job}/status`,
        random.pick<unknown>([{}, [], { status: 1 }, badText(random), { status: '0', x: 1 }]),
      ),
    (random) => send('PUT', `jobs/${job}`, { remark: 'x' }, { 'if-match': random.pick(BAD_TAGS) }),
    (random) => send('PUT', `jobs/${job}/status`, { status: '1' }, { 'if-match': random.pick(BAD_TAGS) }),
    (random) => ask('DELETE', `jobs/${job}`, { 'if-match': random.pick(BAD_TAGS) }),
    () => ask('DELETE', 'jobs/code:code.job'),
    (random) =>
      send(random.pick(['POST', 'PUT']), random.pick(['jobs', `jobs/${job}`]), badText(random), {
        'content-type': random.pick(TYPES),
      }),
    (random) => send('POST', 'jobs', curlBody, { 'content-type': random.pick(TYPES) }),
    (random) =>
      send('POST', 'jobs', badText(random), {
        'content-encoding': random.pick(['gzip', 'br', 'deflate', 'zip', 'gzip, gzip', 'identity;q=2']),
      }),
    (random) =>
      send('POST', 'jobs', badText(random), {
        'content-type': `application/json; charset=${random.pick(['utf-7', 'latin9', 'x', 'utf-8'])}`,
      }),
    (random) =>
      ask(
        'GET',
        `${random.pick(['jobs', 'executions', 'dead-letters', `jobs/${job}/detail`])}?${random.pick(BAD_QUERIES)}`,
      ),
    (random) => ask('GET', `jobs?${random.pick(['after', 'status', 'jobGroup'])}=x%20%00${random.below(100)}`),
    (random) =>
      ask(
        'GET',
        `executions?${random.pick(['before', 'status', 'order'])}=x${encodeURIComponent(text(random, 30).replace(/\p{Surrogate}/gu, ''))}`,
      ),
    (random) => ask(random.pick(['GET', 'DELETE']), `jobs/${random.pick([...IDS, ...BAD_IDS])}`),
    (random) => ask('GET', `jobs/${random.pick([...IDS, ...BAD_IDS])}/${random.pick(['detail', 'logs/stream'])}`),
    (random) => ask('POST', `jobs/${random.pick([...IDS, ...BAD_IDS])}/trigger`),
    (random) => send('POST', `jobs/${job}/trigger`, random.pick<unknown>([{ now: true }, [], '{"now":', 'x'])),
    (random) =>
      ask(
        random.pick(['GET', 'POST']),
        `executions/${random.pick([...IDS, ...BAD_IDS])}${random.pick(['/retry', '/promote', '/cancel', '/logs', '', '/logs/stream'])}`,
      ),
    (random) => ask('GET', `executions/x/logs/stream?${random.pick(['lastEventId=', 'lastEventId=a%00', 'x=1'])}`),
    (random) => ask('GET', `events/stream?${random.pick(['type=nothing', 'job=', 'x=1', 'type=', 'job=a&job=b'])}`),
    (random) =>
      send(
        'POST',
        `executions/x/cancel`,
        random.pick<unknown>([{ reason: 5 }, { why: 'x' }, { reason: 'x'.repeat(1_025) }]),
      ),
    (random) =>
      ask(
        random.pick(['GET', 'POST']),
        `queues/${random.pick(['critcal', ...IDS, ...BAD_IDS])}${random.pick(['', '/pause', '/resume'])}`,
      ),
    (random) =>
      send(
        'POST',
        `dead-letters/${random.pick(['retry', 'discard'])}`,
        random.pick<unknown>([
          {},
          { all: 'yes' },
          { id: 'x', job: 'y' },
          { olderThan: 5 },
          { olderThan: 'soon' },
          { queue: 'critcal' },
          badText(random),
        ]),
      ),
    (random) => ask('GET', `stats/${random.pick([...IDS, ...BAD_IDS])}`),
    (random) =>
      ask(
        random.pick(['PATCH', 'DELETE', 'PUT', 'OPTIONS', 'PROPFIND']),
        random.pick(['jobs', 'executions', 'queues', 'stats', 'targets']),
      ),
    (random) =>
      ask(
        random.pick(['GET', 'POST', 'PUT', 'DELETE']),
        `${random.pick(['', 'jobs/', 'x/', 'queues/low/'])}${encoded(random, 12)}/${encoded(random, 8)}/y`,
      ),
    (random) =>
      ask(
        'GET',
        random.pick([
          'jobs/../../../etc/passwd',
          'jobs/%2e%2e%2fetc',
          'jobs//x',
          '//',
          'jobs/x/y/z',
          '..%2f..',
          'jobs;a=b',
          'x'.repeat(4_000),
          '?',
          '%',
        ]),
      ),
  ];
  return (random) => random.pick(kinds)(random);
}
