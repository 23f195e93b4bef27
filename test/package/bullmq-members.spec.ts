/**
 * For an upgrade of BullMQ: which parts of it the library uses, and which have changed. The compiler does not see all of
 * that: it does not know scripts, values, and arguments that are there but mean something else.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { QueueKeys } from 'bullmq';
import { ADD, ADD_SCRIPTS, FINISH } from '#src/store/redis/finish/bullmq-scripts.js';
import { readList, shapeOf } from '../../scripts/checks/bullmq-members.mjs';

interface Script {
  readonly name: string;
  readonly keys: number;
  /** Lua. Its head names keys and arguments. */
  readonly content: string;
}

const require = createRequire(import.meta.url);
const home = dirname(require.resolve('bullmq'));
const { version } = require(join(home, '../../package.json')) as { version: string };
const scripts = new Map(
  Object.values(require(join(home, 'scripts')) as Record<string, Script>).map((each) => [each.name, each]),
);
const everyScript = [...scripts.values()].map(({ content }) => content).join('\n');
const sql = JSON.stringify([
  require(join(home, 'postgres/sql-scripts.js')),
  require(join(home, 'postgres/migrations')),
]);

/** Fails with a line for each that has changed. */
function expectNone(changed: readonly string[], remedy: string): void {
  if (changed.length === 0) return;
  throw new Error(`BullMQ ${version} is not as this library knows it:\n${changed.join('\n')}\n${remedy}`);
}

test('every value and member of BullMQ that the library uses is there, of its kind, with its parameters', () => {
  const changed = Object.entries(readList()).flatMap(([name, { is, usedBy }]) => {
    const now = shapeOf(name);
    if (now === is) return [];
    return `- ${name} was: ${is}. Now: ${now}. Used by: ${usedBy.join(', ')}.`;
  });
  expectNone(
    changed,
    'Look whether these files still use it rightly; then: node scripts/checks/bullmq-members.mjs --write',
  );
});

describe('of BullMQ on Redis', () => {
  /** Lines that the head of a script must have, since we use that place of it. */
  const finish = {
    [`KEYS[${FINISH.jobKey + 1}]`]: 'jobId key',
    [`KEYS[${FINISH.keys}]`]: 'marker key',
    [`ARGV[${FINISH.jobId + 1}]`]: 'jobId',
    [`ARGV[${FINISH.target + 1}]`]: 'target (completed/failed)',
    [`ARGV[${FINISH.prefix + 1}]`]: 'keys prefix',
  };
  const add = {
    'ARGV[1]': 'msgpacked arguments array',
    [`[${ADD.prefix}]`]: 'key prefix',
    [`[${ADD.jobId}]`]: 'custom id',
    [`[${ADD.deduplicationKey}]`]: 'deduplication key',
    [`ARGV[${ADD.arguments}]`]: 'msgpacked options',
  };
  const known = [
    {
      name: FINISH.name as string,
      places: finish,
      usedBy: 'finish-client.ts, finish-sender.ts and finish-with-record.lua',
    },
    ...Object.keys(ADD_SCRIPTS).map((name) => ({
      name,
      places: add,
      usedBy: 'bounded-client.ts and add-within.lua',
    })),
  ];

  test.each(known)('script $name has its keys and arguments at the places that we use', ({ name, places, usedBy }) => {
    const head = scripts.get(name)?.content.split(']]', 1)[0] ?? '';
    const changed = Object.entries(places)
      .filter(([place, text]) => !head.replace(/[ \t]+/g, ' ').includes(`${place} ${text}`))
      .map(([place, text]) => `- ${place} of the script ${name} is no longer "${text}", which ${usedBy} use.`);
    expectNone(
      changed,
      `See the head of bullmq/dist/cjs/scripts/${name}-*.js, then store/redis/finish/bullmq-scripts.ts.`,
    );
  });

  test(`script ${FINISH.name} has ${FINISH.keys} keys`, () => {
    expect([FINISH.name, scripts.get(FINISH.name)?.keys]).toEqual([FINISH.name, FINISH.keys]);
  });

  test('the keys of a queue that we read have their names', () => {
    const there = Object.keys(new QueueKeys('').getKeys(''));
    const read = ['wait', 'paused', 'prioritized', 'delayed', 'failed', 'events', 'marker', 'repeat', 'meta', 'de'];
    const changed = read
      .filter((name) => !there.includes(name))
      .map((name) => `- The key "${name}" of a queue is gone.`);
    expectNone(changed, 'Look at store/redis/redis-keys.ts and the .lua files in scripts.');
  });

  test('the fields of a job that our scripts read have their names', () => {
    const read = 'name data opts timestamp atm ats stc rjk processedOn failedReason stacktrace parentKey deid'.split(
      ' ',
    );
    const changed = read
      .filter((field) => !new RegExp(`["']${field}["']`).test(everyScript))
      .map((field) => `- No script of BullMQ knows the field "${field}" of a job.`);
    expectNone(
      changed,
      'Look at store/redis/scripts/queues/failed-jobs.lua, redis-engine.ts and redis-dead-letter-store.ts.',
    );
  });
});

describe('of BullMQ on PostgreSQL', () => {
  test('the functions that we call and the columns that we read have their names', () => {
    const functions = ['add_flow(', 'remove(', 'publish_event(', 'reprocess_job('].map((name) => `FUNCTION ${name}`);
    const columns =
      'queue state seq priority added_at_ms processed_at_ms process_at_ms finished_at_ms attempts_made attempts_started ' +
      'stalled_count scheduler_id failed_reason stacktrace next_run_ms start_date_ms end_date_ms template_data';
    const changed = [...functions, ...columns.split(' ')]
      .filter((name) => !sql.includes(name))
      .map((name) => `- "${name}" stands in none of BullMQ's migrations.`);
    expectNone(changed, 'Look at store/postgres/sql-engine.ts, sql-dead-letter-store.ts and schema-connection.ts.');
  });

  test('the channels on which it notifies have their names', () => {
    for (const channel of ['bullmq_jobs', 'bullmq_events'])
      expect([channel, sql.includes(channel)]).toEqual([channel, true]);
  });
});
