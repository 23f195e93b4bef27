import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { startChild } from '../support/child.js';

const OTHERS = [
  '@nestjs/schedule',
  '@nestjs/event-emitter',
  'nestjs-cls',
  '@nestjs/config',
  '@nestjs/cqrs',
  '@nestjs/cache-manager',
  '@nestjs/throttler',
  '@nestjs/axios',
  '@nestjs/microservices',
  '@nestjs/bullmq',
  '@bull-board/nestjs',
  '@nestjs/terminus',
  'nestjs-pino',
  'all of them',
];
const WAYS = ['forRoot', 'forRootAsync'].flatMap((way) =>
  ['last', 'first', 'between'].map((order) => ({ way, order })),
);

const source = 'test/nest/other-modules.child.ts';

/** The same program as CommonJS, as many apps are built. */
async function asCommonJs(): Promise<string> {
  const path = fileURLToPath(new URL('other-modules.child.ts', import.meta.url));
  const { outputText } = ts.transpileModule(await readFile(path, 'utf8'), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.CommonJS,
      esModuleInterop: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  const file = 'test/nest/other-modules.cjs';
  await writeFile(join(process.env.TEST_COMPILED!, file), outputText);
  return file;
}

describe.each([
  ['an ES module', () => Promise.resolve(source)],
  ['CommonJS', asCommonJs],
] as [string, () => Promise<string>][])('an app that is %s', (_, file) => {
  const ran: Record<string, unknown>[] = [];

  beforeAll(async () => {
    const child = startChild(await file());
    await child.next('done');
    ran.push(...child.events.filter(({ event }) => event === 'ran'));
  });

  it.each(OTHERS)('boots beside %s and runs a job, however it is imported', (name) => {
    expect(ran.filter((each) => each['name'] === name)).toEqual(WAYS.map((way) => ({ event: 'ran', name, ...way })));
  });
});
