/** Every rule about imports and metadata is seen to fail, on a small house that breaks each. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../..', import.meta.url));
const src = 'libs/job-scheduler/src';
const memory = 'libs/bullmq-memory/src';

/** Which rule, which file breaks it, and how. The order of the rooms is a rule for each room but the last. */
const rooms =
  'errors common cron definition options decorators discovery store queues events jobs execution worker scheduling service memory health http metrics dashboard testing'.split(
    ' ',
  );
const violations: readonly [rule: string, file: string, code: string][] = [
  ...rooms
    .slice(0, -1)
    .map((room, index): [string, string, string] => [
      `${room}-imports-only-rooms-before-it`,
      `${src}/${room}/up.ts`,
      `import type { A } from '../${rooms[index + 1]}/a.js';\nexport type B = A;`,
    ]),
  ['no-cycle', `${src}/errors/one.ts`, `import type { Two } from './two.js';\nexport type One = Two;`],
  ['known-rooms', `${src}/attic/a.ts`, `import { a } from '../errors/a.js';\nexport const b = a;`],
  [
    'only-wiring-imports-wiring',
    `${src}/service/wired.ts`,
    `import { a } from '../some.module.js';\nexport const b = a;`,
  ],
  ['engine-at-the-border', `${src}/service/queue.ts`, `import { Queue } from 'bullmq';\nexport const q = Queue;`],
  ['optional-peers-when-needed', `${src}/store/redis.ts`, `import { Redis } from 'ioredis';\nexport const r = Redis;`],
  [
    'terminus-in-health',
    `${src}/service/t.ts`,
    `import { TerminusModule } from '@nestjs/terminus';\nexport const t = TerminusModule;`,
  ],
  [
    'prom-client-in-metrics',
    `${src}/service/p.ts`,
    `import { Registry } from 'prom-client';\nexport const p = Registry;`,
  ],
  ['entry-without-optional-rooms', `${src}/index.ts`, `export { m } from './some.module.js';`],
  [
    'public-nest-only',
    `${src}/discovery/nest.ts`,
    `import { Module } from '@nestjs/core/injector/module.js';\nexport const m = Module;`,
  ],
  [
    'library-stands-alone',
    `${src}/errors/helped.ts`,
    `import { a } from '../../../../test/a.js';\nexport const b = a;`,
  ],
  [
    'apps-use-entry-points',
    'apps/demo/src/main.ts',
    `import { a } from '../../../${src}/errors/a.js';\nexport const b = a;`,
  ],
  [
    'bullmq-memory-stands-alone',
    `${memory}/backend/borrows.ts`,
    `import { a } from '../../../job-scheduler/src/errors/a.js';\nexport const b = a;`,
  ],
  [
    'bullmq-memory-state-imports-only-rooms-before-it',
    `${memory}/state/up.ts`,
    `import { a } from '../commands/a.js';\nexport const b = a;`,
  ],
  [
    'bullmq-memory-commands-imports-only-rooms-before-it',
    `${memory}/commands/up.ts`,
    `import { a } from '../index.js';\nexport const b = a;`,
  ],
  [
    'bullmq-memory-by-its-entries',
    `${src}/store/memory.ts`,
    `import { a } from '../../../bullmq-memory/src/state/a.js';\nexport const b = a;`,
  ],
  ['resolvable', `${src}/errors/lost.ts`, `import { a } from './nowhere.js';\nexport const b = a;`],
];

/** What looks alike and is allowed. */
const allowed: Record<string, string> = {
  // The other half of the cycle, which is reported once.
  [`${src}/errors/two.ts`]: `import type { One } from './one.js';\nexport type Two = One[];`,
  [`${src}/service/typed.ts`]: `import type { Queue } from 'bullmq';\nimport type { Redis } from 'ioredis';\nexport type Q = Queue | Redis;`,
  [`${src}/store/lazy.ts`]: `export type R = typeof import('ioredis');\nexport const r = () => import('ioredis');`,
  [`${src}/store/engine.ts`]: `import { Queue } from 'bullmq';\nexport const q = Queue;`,
  [`${src}/store/by-name.ts`]: `import { a } from '#bullmq-memory';\nexport const b = a;`,
  [`${memory}/index.ts`]: `import { ErrorCode } from 'bullmq';\nimport { setImmediate } from 'node:timers';\nexport const a = [ErrorCode, setImmediate];`,
  [`${memory}/backend/down.ts`]: `import { a } from '../state/a.js';\nexport const b = a;`,
  [`${src}/service/down.ts`]: `import { a } from '../errors/a.js';\nimport { getQueueToken } from '@nestjs/bullmq';\nexport const b = [a, getQueueToken];`,
  [`${src}/errors/up.spec.ts`]: `import { a } from '../service/a.js';\nexport const b = a;`,
  [`${src}/some.module.ts`]: `export { t as m } from './health/a.js';`,
  [`${src}/discovery/read.ts`]: `import { Reflector } from '@nestjs/core';\nexport const r = [Reflector, Reflect.getMetadata('a', Reflector)];`,
};

/** For oxlint, which sees names and not only files. */
const readers: Record<string, string> = {
  [`${src}/service/reads.ts`]: `import 'reflect-metadata';\nexport const m: unknown = Reflect.getMetadata('a', Object);`,
  [`${src}/service/reflector.ts`]: `import { Reflector } from '@nestjs/core';\nexport const r = Reflector;`,
};

interface Cruise {
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
    readonly ruleSetUsed: { readonly forbidden: readonly { readonly name: string }[] };
  };
}

describe('the import rule', () => {
  let house: string;

  beforeAll(async () => {
    house = await mkdtemp(join(tmpdir(), 'job-scheduler-house-'));
    for (const file of [
      'tsconfig.json',
      '.dependency-cruiser.mjs',
      '.oxlintrc.json',
      '.oxlint-long-files.json',
      'package.json',
    ])
      await cp(join(root, file), join(house, file));
    await symlink(join(root, 'node_modules'), join(house, 'node_modules'));
    const ofMemory = ['state', 'commands'].map((room) => `${memory}/${room}/a.ts`);
    const neighbours = [...rooms.map((room) => `${src}/${room}/a.ts`), ...ofMemory, 'test/a.ts'];
    const files = {
      ...Object.fromEntries(neighbours.map((file) => [file, `export const a = 1;\nexport type A = number;`])),
      ...Object.fromEntries(violations.map(([, file, code]) => [file, code])),
      ...allowed,
      [`${src}/health/a.ts`]: `import { TerminusModule } from '@nestjs/terminus';\nexport const t = TerminusModule;\nexport const a = 1;\nexport type A = number;`,
      ...readers,
    };
    for (const [file, code] of Object.entries(files)) {
      await mkdir(join(house, dirname(file)), { recursive: true });
      await writeFile(join(house, file), `${code}\n`);
    }
  });
  afterAll(() => rm(house, { recursive: true, force: true }));

  test('catches every kind of forbidden import, and nothing else', async () => {
    const program = 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs';
    const args = ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'libs', 'apps', 'test'];
    const { summary } = JSON.parse(await run([program, ...args])) as Cruise;

    const found = new Set(summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`));
    expect([...found].toSorted()).toEqual(violations.map(([rule, file]) => `${rule}: ${file}`).toSorted());

    const rules = new Set(summary.ruleSetUsed.forbidden.map(({ name }) => name));
    expect([...rules].toSorted()).toEqual([...new Set(violations.map(([rule]) => rule))].toSorted());
  });

  test('nothing outside discovery reads metadata', async () => {
    const report = await run(['node_modules/oxlint/bin/oxlint', '--format', 'json', src]);
    const { diagnostics } = JSON.parse(report) as { diagnostics: { code: string; filename: string }[] };
    const restricted = diagnostics.filter(({ code }) => code.includes('no-restricted-'));
    expect(restricted.map(({ filename }) => filename).toSorted()).toEqual(Object.keys(readers).toSorted());
  });

  /** Standard output, whatever the exit code: it tells of violations, too. */
  function run(args: readonly string[]): Promise<string> {
    return new Promise((resolve) => {
      execFile(process.execPath, args, { cwd: house, maxBuffer: 16 << 20 }, (_error, stdout) => resolve(stdout));
    });
  }
});
