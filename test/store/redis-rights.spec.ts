/** Users of Redis with limited rights, as docs/connections.md describes them; and servers that are no store for jobs. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { JobSchedulerModule } from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { startRedis } from '../support/servers.mjs';
import { refusal } from './refusal.js';
import { documentedCommands, documentedRights as documented, Jobs, redisWithUsers, runOne } from './redis-rights.js';

const { admin, boot, warnings } = redisWithUsers();

test('the list of commands in the docs has each that a script calls', async () => {
  const listed = new Set(documentedCommands());
  const ours = 'libs/job-scheduler/src/store/redis/scripts';
  const bull = 'node_modules/bullmq/dist/esm/scripts';
  const files = [ours, bull].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(lua|js)$/.test(name))
      .map((name) => readFileSync(`${folder}/${name}`, 'utf8')),
  );
  const called = files.flatMap((text) =>
    [...text.matchAll(/\b[rp]?call\(\s*["']([a-zA-Z]+)["']/g)].map(([, name]) => name!),
  );
  expect(called.length).toBeGreaterThan(100);
  const missing = called.map((name) => name.toLowerCase()).filter((name) => !listed.has(name) && name !== 'hello');
  expect(new Set(missing)).toEqual(new Set());
});

describe('a user', () => {
  test('with the documented rights boots without a warning, and runs jobs', async () => {
    const prefix = randomPrefix();
    expect(await runOne(await boot(documented(prefix), prefix), 'you')).toBe('hello you');
    expect(warnings).toEqual([]);
  });

  test('with the documented rights reaches nothing of a prefix that begins with the same letters', async () => {
    const prefix = randomPrefix();
    await admin().call('ACL', 'SETUSER', prefix, 'reset', 'on', '>pass', ...documented(prefix).split(' '));
    const other = `${prefix}2`;
    for (const key of [`{${prefix}}:facts`, `{${prefix}:default}:default:wait`])
      expect(await admin().call('ACL', 'DRYRUN', prefix, 'GET', key)).toBe('OK');
    for (const key of [`{${other}}:facts`, `{${other}:default}:default:wait`, prefix, 'x'])
      expect(await admin().call('ACL', 'DRYRUN', prefix, 'GET', key)).toMatch(/no permissions to access/);
    expect(await admin().call('ACL', 'DRYRUN', prefix, 'PUBLISH', `{${other}}:signals:events`, '')).toMatch(
      /no permissions to access/,
    );
  });

  test('without INFO: one warning', async () => {
    const prefix = randomPrefix();
    const started = await boot(`${documented(prefix)} -info`, prefix);
    expect(await runOne(started, 'you')).toBe('hello you');
    expect(warnings).toEqual([expect.stringMatching(/may not run INFO.*noeviction/)]);
  });

  test('without CLIENT: jobs start at once', async () => {
    const prefix = randomPrefix();
    expect(await runOne(await boot(`${documented(prefix)} -client`, prefix), 'you')).toBe('hello you');
    expect(warnings).toEqual([]);
  });

  test('without the right to run scripts: boot is refused, and the error says which rights are needed', async () => {
    const prefix = randomPrefix();
    const { error } = await refusal(boot(`${documented(prefix)} -@scripting`, prefix));
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(error.message).toContain(documented(prefix).replace('resetchannels ', ''));
  });
});

test('a node of a cluster behind a plain URL is refused, with the way to connect', async () => {
  const node = await startRedis({ args: ['--cluster-enabled', 'yes'] });
  const connection = node.url;
  const { error } = await refusal(
    NestFactory.createApplicationContext(
      { module: Jobs, imports: [JobSchedulerModule.forRoot({ connection, prefix: randomPrefix() })] },
      { abortOnError: false },
    ),
  );
  expect(error).toMatchObject({ code: 'STORE_UNSUPPORTED' });
  expect(error.message).toMatch(/is a node of a Redis Cluster\. Hand over a Cluster/);
  await node.stop();
});
