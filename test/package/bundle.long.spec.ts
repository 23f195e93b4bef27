/** Bundles of an app by esbuild: with `ioredis` alone installed, and with PGlite. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { build, type BuildOptions } from 'esbuild';
import { ceiling, LONGEST_WAIT } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';

/** Those of Nest, which it loads if they are there: docs/nest.md lists them, too. */
const EXTERNALS_OF_NEST = ['class-transformer', 'class-validator', '@nestjs/microservices', '@nestjs/platform-express', '@nestjs/websockets']; // prettier-ignore
const OPTIONAL = ['pg', '@electric-sql/pglite', 'prom-client', '@nestjs/swagger', '@nestjs/terminus'];

const MAIN = `
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
class App {}
Module({ imports: [JobSchedulerModule.forRoot({ connection: process.argv[2], prefix: process.argv[3] })] })(App);
async function main() {
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  const jobs = app.get(JobService);
  jobs.register({ name: 'double' }, (n) => 2 * n);
  const handle = await jobs.enqueue('double', 21);
  console.log('result', await handle.finished());
  await app.close();
}
main().catch((error) => console.log(error.code, error.message));
`;

const FORMATS: Record<'cjs' | 'esm', BuildOptions> = {
  cjs: { format: 'cjs', outfile: 'bundle.cjs' },
  esm: {
    format: 'esm',
    outfile: 'bundle.mjs',
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
  },
};

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'job-bundle-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

/** A directory with an app, in which all of this project's packages are installed but `absent` ones. */
async function appWithout(name: string, absent: readonly string[]): Promise<string> {
  const app = join(base, name);
  const [from, to] = [join(process.cwd(), 'node_modules'), join(app, 'node_modules')];
  for (const entry of await readdir(from)) {
    if (entry.startsWith('.')) continue;
    const names = entry.startsWith('@')
      ? (await readdir(join(from, entry))).map((each) => `${entry}/${each}`)
      : [entry];
    await mkdir(join(to, entry.startsWith('@') ? entry : ''), { recursive: true });
    for (const each of names) if (!absent.includes(each)) await symlink(join(from, each), join(to, each));
  }
  const library = join(to, 'nestjs-job-scheduler');
  await mkdir(library);
  await symlink(join(process.env.TEST_COMPILED!, 'libs/job-scheduler/src'), join(library, 'src'));
  await symlink(join(process.env.TEST_COMPILED!, 'libs/bullmq-memory/src'), join(library, 'bullmq-memory'));
  const manifest = {
    name: 'nestjs-job-scheduler',
    type: 'module',
    exports: { '.': './src/index.js' },
    imports: { '#bullmq-memory': './bullmq-memory/index.js', '#bullmq-memory/*': './bullmq-memory/*.js' },
  };
  await writeFile(join(library, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(app, 'main.mjs'), MAIN);
  return app;
}

async function bundle(app: string, format: 'cjs' | 'esm', external: readonly string[]): Promise<string> {
  const { outfile, ...options } = FORMATS[format];
  const out = join(app, outfile!);
  await build({
    ...options,
    outfile: out,
    absWorkingDir: app,
    entryPoints: [join(app, 'main.mjs')],
    bundle: true,
    platform: 'node',
    preserveSymlinks: true,
    external: [...external],
    logLevel: 'silent',
  });
  return out;
}

async function run(file: string, connection: string): Promise<string> {
  const child = spawn(process.execPath, [file, connection, randomPrefix()], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: ceiling(LONGEST_WAIT),
    killSignal: 'SIGKILL',
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (output += part));
  const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (signal) throw new Error(`${file} ended by ${signal}, or hung and was killed. It said: ${output}`);
  return output.trim();
}

test.each(['cjs', 'esm'] as const)(
  'with ioredis alone installed, a bundle as %s is built and runs jobs',
  async (format) => {
    const app = await appWithout(`lean-${format}`, [...OPTIONAL, ...EXTERNALS_OF_NEST]);
    const file = await bundle(app, format, EXTERNALS_OF_NEST);
    expect(await run(file, 'memory:')).toBe('result 42');
    expect(await run(file, process.env.TEST_REDIS_URL!)).toBe('result 42');
    expect(await run(file, 'postgres://127.0.0.1/jobs')).toMatch(/^DRIVER_MISSING .* npm install pg$/);
    expect(await run(file, `file:${join(app, 'data')}`)).toMatch(
      /^DRIVER_MISSING .* npm install @electric-sql\/pglite$/,
    );
  },
);

test.each(['cjs', 'esm'] as const)('PGlite in a bundle as %s is refused, and runs beside it', async (format) => {
  const app = await appWithout(`whole-${format}`, []);
  const data = `file:${join(app, 'data')}`;
  const refused = await run(await bundle(app, format, EXTERNALS_OF_NEST), data);
  expect(refused).toMatch(/^STORE_UNSUPPORTED .*Leave "@electric-sql\/pglite" out of the bundle/);
  const file = await bundle(app, format, [...EXTERNALS_OF_NEST, '@electric-sql/pglite']);
  expect(await run(file, data)).toBe('result 42');
});
