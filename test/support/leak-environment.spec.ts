/** The leak check and the closing line, seen to fail: Jest runs small files that leave something open. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A server, and a client connected to it. */
const connect = `
import { createConnection, createServer } from 'node:net';
const server = createServer();
const listening = () => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const connected = () => new Promise((resolve) => {
  const client = createConnection(server.address().port, '127.0.0.1', () => resolve(client));
});`;

const files = {
  'timer.test.mjs': `test('leaves a timer', () => {
  process.stdout.write('printed by the timer\\n');
  setInterval(() => {}, 60_000);
});`,
  'socket.test.mjs': `${connect}
test('leaves a socket', async () => { await listening(); await connected(); });`,
  'process.test.mjs': `import { spawn } from 'node:child_process';
test('leaves a process', () => { spawn('sleep', ['20']); });`,
  'clean.test.mjs': `${connect}
let client;
afterAll(() => { client.destroy(); server.close(); });
test('closes in a hook', async () => { process.stdout.write('printed by the clean one\\n'); await listening(); client = await connected(); });
test.skip('is skipped', () => {});
test('had its timer', async () => { await new Promise((resolve) => setTimeout(resolve, 1)); });`,
};

describe('the leak check', () => {
  let directory: string;
  let stdout: string;
  let report: string;
  let code: unknown;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'job-scheduler-leaks-'));
    for (const [file, text] of Object.entries(files)) await writeFile(join(directory, file), text);
    const figures = join(directory, 'figures.txt');
    await writeFile(figures, 'a figure\na figure\n');
    const env = { ...process.env, TEST_FIGURES: figures };
    const config = {
      rootDir: directory,
      testMatch: ['**/*.test.mjs'],
      transform: {},
      testEnvironment: at('leak-environment.mjs'),
      reporters: ['default', at('summary-reporter.mjs')],
    };
    const jest = at('../../node_modules/jest/bin/jest.js');
    // Workers, which Jest can end although a file left something open.
    const args = ['--experimental-vm-modules', jest, '--config', JSON.stringify(config), '--maxWorkers', '2'];
    await new Promise<void>((resolve) => {
      execFile(process.execPath, args, { env }, (error, out, err) => {
        [stdout, report, code] = [out, err, error?.code ?? 0];
        resolve();
      });
    });
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test('fails the run', () => expect(code).toBe(1));

  test.each([
    ['timer', /1 × Timeout/],
    ['socket', /× TCPSocketWrap[^]*Server that listens on .*127\.0\.0\.1/],
    ['process', /1 × ProcessWrap[^]*ChildProcess: sleep, pid \d+/],
  ])('names a %s that a file left behind', (file, words) => {
    const part = report.split(/^(?=(?:PASS|FAIL) )/m).find((each) => each.includes(`${file}.test.mjs`));
    expect(part).toMatch(/^FAIL/);
    expect(part).toMatch(words);
  });

  test('passes what a hook closed', () => expect(report).toMatch(/^PASS .*clean\.test\.mjs/m));

  test('closes with the figures, each once, and one line of counts, in which a leak is a failure', () => {
    expect(stdout.split('\n').filter((line) => line === '  a figure')).toHaveLength(1);
    expect(stdout.split('\n')).toContain('5 passed, 3 failed, 1 skipped');
  });

  test('shows what a file printed where it fails, and not where it passes', () => {
    expect(stdout).toContain('printed by the timer');
    expect(stdout).not.toContain('printed by the clean one');
  });
});
