/** bullmq-memory as it is published: packed, with BullMQ and nothing else of ours beside it, and its README run. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import ts from 'typescript';
import { Consumer, packPackage, root } from './consumer.js';
import { readmeBlocks } from './readme-blocks.js';

const exec = promisify(execFile);
const name = 'bullmq-memory';

/** An app that knows nothing of tests. */
const APP = `import { Queue, Worker } from 'bullmq';
const connection = { host: '127.0.0.1', port: 1 };
export const queue = new Queue('mails', { connection });
export const startWorker = () => new Worker('mails', async (job) => \`sent to \${job.data.to}\`, { connection });
`;

let directory: string;
let consumer: Consumer;
let blocks: string[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bullmq-memory-packed-'));
  consumer = await Consumer.create();
  await consumer.unpack(name, await packPackage(directory, name));
  await consumer.link('bullmq', 'jest', '@jest/globals', '@types/node', 'typescript');
  blocks = readmeBlocks(await readFile(join(root, 'libs/bullmq-memory/README.md'), 'utf8')).map(({ code }) => code);
});
afterAll(async () => {
  for (const each of [directory, consumer?.directory]) if (each) await rm(each, { recursive: true, force: true });
});

function toCommonJs(code: string): string {
  return ts.transpileModule(code, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 },
  }).outputText;
}

/** Puts the mock of a module before its imports, as Jest's own transformers do. */
const hoisted = (code: string): string => code.replace(/^([^]*?)(jest\.mock\([^]*?\n\}\);\n)/, '$2$1');

async function runJest(folder: string, files: Record<string, string>): Promise<string> {
  for (const [file, code] of Object.entries(files)) await consumer.write(join(folder, file), code);
  await consumer.write(join(folder, 'package.json'), '{ "type": "commonjs" }');
  await consumer.write(join(folder, 'jest.config.json'), '{ "transform": {} }');
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const { stderr } = await exec(process.execPath, [jest, '--rootDir', '.', '--no-watchman'], {
    cwd: join(consumer.directory, folder),
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return stderr;
}

test('it holds its code, types, a README and the licence, and needs BullMQ alone', async () => {
  const packed = join(consumer.directory, 'node_modules', name);
  const files = await readdir(packed, { recursive: true });
  expect(files).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'dist/index.js', 'dist/extend.d.ts']));
  expect(files.filter((file) => file.includes('.spec.'))).toEqual([]);
  const manifest = JSON.parse(await readFile(join(packed, 'package.json'), 'utf8')) as Record<string, unknown>;
  expect(manifest).toMatchObject({ name, peerDependencies: { bullmq: expect.any(String) } });
  expect(manifest).not.toHaveProperty('dependencies');
});

test("the README's examples for Jest run", async () => {
  const [first, own] = blocks as [string, string];
  expect(await runJest('first', { 'mails.test.js': toCommonJs(first) })).toContain('1 passed');
  const files = { 'mails.js': toCommonJs(APP), 'own.test.js': hoisted(toCommonJs(own)) };
  expect(await runJest('own', files)).toContain('1 passed');
});

test("the README's example for Vitest is the one for Jest, but for what it imports", () => {
  const [first, , vitest] = blocks as [string, string, string];
  expect(vitest.replace("import { expect, test } from 'vitest';\n", '')).toBe(first);
});

test("the README's example compiles strictly against the types that are published", async () => {
  await consumer.write('typed/mails.ts', `import { expect, test } from '@jest/globals';\n${blocks[0]!}`);
  await consumer.write(
    'typed/extend.ts',
    `import { openMemory } from 'bullmq-memory/extend';\nexport { openMemory };\n`,
  );
  await expect(consumer.compile('typed', { skipLibCheck: true })).resolves.toBeUndefined();
});

test('an ES module that imports it and a CommonJS module that requires it have the same queues', async () => {
  await consumer.write(
    'both/main.mjs',
    `import { createRequire } from 'node:module';
import { createMemoryBackend } from 'bullmq-memory';
console.log(createMemoryBackend === createRequire(import.meta.url)('bullmq-memory').createMemoryBackend);
`,
  );
  await expect(consumer.run('both/main.mjs', ['true'])).resolves.toMatchObject({ stdout: 'true\n' });
});
