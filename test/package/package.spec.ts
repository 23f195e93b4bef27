/** What is published, as its users meet it: packed, installed beside Nest 12 in an empty directory, compiled, run. */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import ts from 'typescript';
import { Consumer, packLibrary, root } from './consumer.js';
import { installLine, readmeBlocks, withoutTopLevelAwait } from './readme-blocks.js';

interface Manifest {
  readonly exports: Record<string, string | { readonly types: string; readonly default: string }>;
  readonly dependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { readonly optional?: boolean }>;
}

const nest = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs', 'typescript', '@types/node'];
const library = 'nestjs-job-scheduler';

jest.setTimeout(240_000);

describe('the packed library', () => {
  let directory: string;
  let tarball: string;
  let consumer!: Consumer;
  let packed: string;
  let manifest: Manifest;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'job-scheduler-packed-'));
    tarball = await packLibrary(directory);
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
  const entries = (): [entry: string, types: string, code: string][] =>
    Object.entries(manifest.exports).flatMap(([entry, target]) =>
      typeof target === 'string' ? [] : [[entry, join(packed, target.types), join(packed, target.default)]],
    );

  test('holds the code, its types, a README and the licence, and no tests', async () => {
    const files = await readdir(packed, { recursive: true });
    expect(files).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'package.json', 'dist/index.js']));
    expect(files.filter((file) => /\.(spec|ts)\b/.test(file) && !file.endsWith('.d.ts'))).toEqual([]);
    expect(await readFile(join(packed, 'LICENSE'), 'utf8')).toBe(await readFile(join(root, 'LICENSE'), 'utf8'));
  });

  test('declares every package that it imports, and imports every dependency', async () => {
    const used = new Set<string>();
    for (const [, types, code] of entries())
      for (const name of [...(await packagesFrom(types)), ...(await packagesFrom(code))]) used.add(name);
    const declared = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];
    expect([...used].filter((name) => !declared.includes(name))).toEqual([]);
    expect(Object.keys(manifest.dependencies).filter((name) => !used.has(name))).toEqual([]);
  });

  test('names no optional peer in the types of the main entry', async () => {
    const named = await packagesFrom(join(packed, 'dist/index.d.ts'));
    expect(optionalPeers().filter((name) => named.has(name))).toEqual([]);
  });

  test('compiles strictly and loads where no optional peer is installed', async () => {
    for (const name of optionalPeers())
      expect([name, existsSync(join(consumer.directory, 'node_modules', name))]).toEqual([name, false]);
    const program = `import * as library from '${library}';\nconsole.log(Object.keys(library).length > 0);\n`;
    await consumer.write('bare/main.ts', program);
    await expect(consumer.compile('bare')).resolves.toBeUndefined();
    await expect(consumer.run('bare/dist/main.js', ['true'])).resolves.toMatchObject({ stdout: 'true\n' });
  });

  test('is one instance for import and require', async () => {
    const program =
      `const required = require('${library}');\n` +
      `import('${library}').then((imported) =>\n` +
      `  console.log(Object.keys(imported).filter((name) => name !== 'module.exports').every((name) => imported[name] === required[name])));\n`;
    await consumer.write('instance/main.cjs', program);
    await expect(consumer.run('instance/main.cjs', ['true'])).resolves.toMatchObject({ stdout: 'true\n' });
  });

  test('serves HTTP with zod alone, without what describes it', async () => {
    await consumer.install('zod', '@nestjs/platform-express');
    expect(existsSync(join(consumer.directory, 'node_modules/@nestjs/swagger'))).toBe(false);
    const program =
      `import 'reflect-metadata';\nimport { Module } from '@nestjs/common';\nimport { NestFactory } from '@nestjs/core';\n` +
      `import { JobSchedulerModule } from '${library}';\nimport { JobSchedulerHttpModule } from '${library}/http';\n` +
      `@Module({ imports: [JobSchedulerHttpModule.register({ guards: [] }), JobSchedulerModule.forRoot()] })\nclass App {}\n` +
      `const app = await NestFactory.create(App, { logger: ['error'] });\nawait app.listen(0, '127.0.0.1');\n` +
      `const { status } = await fetch(\`\${await app.getUrl()}/v1/monitor/queues\`);\nawait app.close();\nconsole.log(status);\n`;
    await consumer.write('http/main.ts', program);
    await expect(consumer.compile('http')).resolves.toBeUndefined();
    await expect(consumer.run('http/dist/main.js', ['200'])).resolves.toBeDefined();
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

/** The packages that a built file, and all that it imports of ours, names. */
async function packagesFrom(file: string, seen = new Set<string>()): Promise<Set<string>> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  const { importedFiles } = ts.preProcessFile(await readFile(file, 'utf8'));
  for (const { fileName: name } of importedFiles) {
    if (name.startsWith('.')) {
      const imported = join(dirname(file), file.endsWith('.d.ts') ? name.replace(/\.js$/, '.d.ts') : name);
      for (const each of await packagesFrom(imported, seen)) packages.add(each);
    } else if (!name.startsWith('node:')) {
      packages.add(name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
    }
  }
  return packages;
}
