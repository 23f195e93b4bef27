/** What is published, as its users meet it: packed, installed by npm in an empty directory, compiled strictly, run. */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Consumer, packPackage, root } from './consumer.js';
import { installLine, readmeBlocks, withoutTopLevelAwait } from './readme-blocks.js';

interface Manifest {
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { readonly optional?: boolean }>;
}

const nest = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs', 'typescript', '@types/node'];
const library = 'nestjs-job-scheduler';

describe('the packed library', () => {
  let directory: string;
  let tarball: string;
  let consumer!: Consumer;
  let packed: string;
  let manifest: Manifest;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'job-scheduler-packed-'));
    tarball = await packPackage(directory, library);
    consumer = await Consumer.create();
    await consumer.install(...nest, tarball);
    packed = join(consumer.directory, 'node_modules', library);
    manifest = JSON.parse(await readFile(join(packed, 'package.json'), 'utf8')) as Manifest;
  });
  afterAll(async () => {
    for (const each of [directory, consumer?.directory]) if (each) await rm(each, { recursive: true, force: true });
  });

  const optionalPeers = (): string[] =>
    Object.keys(manifest.peerDependencies).filter((name) => manifest.peerDependenciesMeta[name]?.optional);

  test('compiles strictly and loads where no optional peer is installed', async () => {
    for (const name of optionalPeers())
      expect([name, existsSync(join(consumer.directory, 'node_modules', name))]).toEqual([name, false]);
    const program = `import * as library from '${library}';\nconsole.log(Object.keys(library).length > 0);\n`;
    await consumer.write('bare/main.ts', program);
    await expect(consumer.compile('bare')).resolves.toBeUndefined();
    await expect(consumer.run('bare/dist/main.js', ['true'])).resolves.toMatchObject({ stdout: 'true\n' });
  });

  test("the README's first example runs after the README's install line", async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    await consumer.install(...installLine(readme).map((name) => (name === library ? tarball : name)));
    const [first] = readmeBlocks(readme);
    await consumer.write('esm/main.ts', first!.code);
    await expect(consumer.compile('esm')).resolves.toBeUndefined();
    await expect(consumer.run('esm/dist/main.js', first!.prints)).resolves.toBeDefined();

    await consumer.write('cjs/main.ts', withoutTopLevelAwait(first!.code));
    await expect(consumer.compile('cjs', { type: 'commonjs' })).resolves.toBeUndefined();
    await expect(consumer.run('cjs/dist/main.js', first!.prints)).resolves.toBeDefined();
  });

  test('every TypeScript block of the README and of docs compiles; those of the README run where they say so', async () => {
    // Types of some of these fail a strict check of their own (PGlite's name Emscripten's), hence skipLibCheck.
    await consumer.install(
      ...optionalPeers(),
      '@types/pg',
      '@nestjs/platform-express',
      '@nestjs/platform-fastify',
      'zod',
      'valibot',
      'bullmq-otel',
    );
    const docs = (await readdir(join(root, 'docs'))).filter((file) => file.endsWith('.md'));
    for (const page of ['README.md', ...docs.map((file) => `docs/${file}`)]) {
      for (const { line, code } of readmeBlocks(await readFile(join(root, page), 'utf8')))
        await consumer.write(`blocks/${page}/line-${line}.ts`, `${code}\nexport {};\n`);
    }
    await expect(consumer.compile('blocks', { skipLibCheck: true })).resolves.toBeUndefined();
    const ofReadme = readmeBlocks(await readFile(join(root, 'README.md'), 'utf8'));
    for (const { line, prints } of ofReadme.filter(({ run }, index) => run && index > 0))
      await consumer.run(`blocks/dist/README.md/line-${line}.js`, prints);
  });
});
