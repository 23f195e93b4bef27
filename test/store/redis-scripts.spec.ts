/** Our Lua, as the library holds it: that Redis can read it, and how its files become texts. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { addWithinScript, finishWithRecordScript } from '#src/store/redis/finish/bullmq-scripts.js';
import * as scripts from '#src/store/redis/scripts/lua.generated.js';
import { moduleOf } from '../../scripts/embed.mjs';

const sources = 'libs/job-scheduler/src/store/redis/scripts';

describe('Redis compiles', () => {
  let redis: Redis;
  beforeAll(() => {
    redis = new Redis(process.env.TEST_REDIS_URL!);
  });
  afterAll(() => redis.quit());

  test.each(Object.entries(scripts))('the script %s', async (_name, lua) => {
    expect(await redis.script('LOAD', lua)).toMatch(/^[0-9a-f]{40}$/);
  });

  test.each([
    ['finishes a job with its record', finishWithRecordScript('return 0')],
    ['adds jobs where there is room', addWithinScript({ s: 'return 1', p: 'return 2', d: 'return 3' })],
  ])('the script that %s by those of BullMQ', async (_does, lua) => {
    expect(await redis.script('LOAD', lua)).toMatch(/^[0-9a-f]{40}$/);
  });
});

describe('the module of a folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'job-embed-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
  }
  const linesOf = (text: string) => text.split('\n').slice(1, -1);

  test('has the text of each script without its head', async () => {
    await write({
      'b/two-words.lua': '-- Two.\n--\n-- Answer 2\n\n-- Why.\nreturn 2\n',
      'a/one.lua': '-- One.\n\nreturn 1\n',
    });
    expect(linesOf(moduleOf(folder, 'lua'))).toEqual([
      'export const oneLua: string = "return 1\\n";',
      'export const twoWordsLua: string = "-- Why.\\nreturn 2\\n";',
    ]);
  });

  test('has what a script includes, and what that includes, once', async () => {
    await write({
      'a.lua': '-- A.\n\n-- @include "b"\nif x then\n  -- @include "c"\nend\nreturn b + c\n',
      'includes/b.lua': '-- B.\n\n-- @include "c"\nlocal b = c\n',
      'includes/c.lua': '-- C.\n\nlocal c = 1\n',
    });
    expect(linesOf(moduleOf(folder, 'lua'))).toEqual([
      'const c = "local c = 1\\n";',
      'const b2 = "local b = c\\n";',
      'export const aLua: string = c + b2 + "if x then\\n" + "end\\nreturn b + c\\n";',
    ]);
  });

  test('names the script and the missing file where a script includes what is not there', async () => {
    await write({ 'a.lua': '-- A.\n\n-- @include "gone"\n' });
    expect(() => moduleOf(folder, 'lua')).toThrow(/a\.lua includes "gone", but there is no .*includes\/gone\.lua$/);
  });

  test('is refused where a script does not say what it is for', async () => {
    await write({ 'a.lua': 'return 1\n' });
    expect(() => moduleOf(folder, 'lua')).toThrow(/a\.lua does not begin with a comment/);
  });

  test('of our scripts is the one that is checked in', async () => {
    expect(moduleOf(sources, 'lua')).toBe(await readFile(join(sources, 'lua.generated.ts'), 'utf8'));
  });
});
