/**
 * What is published, packed and put beside the packages of the checkout. The long suite installs it, as its users do, and
 * compiles against its own types.
 */
import { cp, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { Consumer, packPackage, root } from './consumer.js';
import { compileOneProgram, type OneProgram } from './one-program.js';
import { readmeBlocks, withoutTopLevelAwait, type ReadmeBlock } from './readme-blocks.js';

interface Target {
  readonly types: string;
  readonly default: string;
}

interface Manifest {
  readonly imports: Record<string, Target>;
  readonly exports: Record<string, string | Target>;
  readonly dependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { readonly optional?: boolean }>;
}

const library = 'nestjs-job-scheduler';

const instances =
  `const required = require('${library}');\n` +
  `import('${library}').then((imported) =>\n` +
  `  console.log(Object.keys(imported).filter((name) => name !== 'module.exports').every((name) => imported[name] === required[name])));\n`;

const overHttp =
  `import 'reflect-metadata';\nimport { Module } from '@nestjs/common';\nimport { NestFactory } from '@nestjs/core';\n` +
  `import { JobSchedulerModule } from '${library}';\nimport { JobSchedulerHttpModule } from '${library}/http';\n` +
  `@Module({ imports: [JobSchedulerHttpModule.register({ guards: [] }), JobSchedulerModule.forRoot()] })\nclass App {}\n` +
  `const app = await NestFactory.create(App, { logger: ['error'] });\nawait app.listen(0, '127.0.0.1');\n` +
  `const { status } = await fetch(\`\${await app.getUrl()}/v1/monitor/queues\`);\nawait app.close();\nconsole.log(status);\n`;

describe('the packed library', () => {
  let directory: string;
  let program: OneProgram;
  let consumer: Consumer;
  let packed: string;
  let manifest: Manifest;
  let blocks: Map<string, ReadmeBlock>;
  let first: ReadmeBlock;

  beforeAll(async () => {
    directory = await realpath(await mkdtemp(join(tmpdir(), 'job-scheduler-packed-')));
    blocks = await blocksOf(['README.md', ...(await readdir(join(root, 'docs'))).map((file) => `docs/${file}`)]);
    [first] = [...blocks.values()] as [ReadmeBlock];
    const sources = [...blocks].map(([file, { code }]) => [file, `${code}\nexport {};\n`] as const);
    program = await compileOneProgram(directory, { ...Object.fromEntries(sources), 'http/main.ts': overHttp });
    const tarball = await packPackage(directory, library, program.libs);
    consumer = await Consumer.create();
    await consumer.unpack(library, tarball);
    packed = join(consumer.directory, 'node_modules', library);
    manifest = JSON.parse(await readFile(join(packed, 'package.json'), 'utf8')) as Manifest;
    const needed = Object.keys(manifest.peerDependencies).filter((name) => !optionalPeers().includes(name));
    await consumer.link(...Object.keys(manifest.dependencies), ...needed, 'zod', '@nestjs/platform-express');
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
  /** The packages that a built file, and all that it imports of ours, names. */
  async function namedBy(file: string, seen = new Set<string>()): Promise<Set<string>> {
    const packages = new Set<string>();
    if (seen.has(file)) return packages;
    seen.add(file);
    const { importedFiles } = ts.preProcessFile(await readFile(file, 'utf8'));
    for (const { fileName: name } of importedFiles) {
      if (/^[.#]/.test(name)) {
        const code = name.startsWith('.') ? join(dirname(file), name) : join(packed, manifest.imports[name]!.default);
        const imported = file.endsWith('.d.ts') ? code.replace(/\.js$/, '.d.ts') : code;
        for (const each of await namedBy(imported, seen)) packages.add(each);
      } else if (!name.startsWith('node:')) {
        packages.add(name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
      }
    }
    return packages;
  }
  /** Puts compiled code where an app of the consumer would have it. */
  async function runCompiled(file: string, prints: readonly string[]): Promise<string> {
    const target = file.replace(/\.ts$/, '.js');
    await cp(program.compiled(file), join(consumer.directory, target));
    return (await consumer.run(target, prints)).stdout;
  }

  test('every TypeScript block of README and docs compiles, and what types must refuse is refused', () =>
    expect(program.faults).toBe(''));

  test('holds the code, its types, a README and the licence, and no tests', async () => {
    const files = await readdir(packed, { recursive: true });
    expect(files).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'package.json', 'dist/index.js']));
    expect(files.filter((file) => /\.(spec|ts)\b/.test(file) && !file.endsWith('.d.ts'))).toEqual([]);
    expect(await readFile(join(packed, 'LICENSE'), 'utf8')).toBe(await readFile(join(root, 'LICENSE'), 'utf8'));
  });

  test('declares every package that it imports, and imports every dependency', async () => {
    const used = new Set<string>();
    for (const [, types, code] of entries())
      for (const name of [...(await namedBy(types)), ...(await namedBy(code))]) used.add(name);
    const declared = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];
    expect([...used].filter((name) => !declared.includes(name))).toEqual([]);
    expect(Object.keys(manifest.dependencies).filter((name) => !used.has(name))).toEqual([]);
  });

  test('names no optional peer in the types of the main entry', async () => {
    const named = await namedBy(join(packed, 'dist/index.d.ts'));
    expect(optionalPeers().filter((name) => named.has(name))).toEqual([]);
  });

  test('is one instance for import and require, where no optional peer is installed', async () => {
    await consumer.write('instance/main.cjs', instances);
    await expect(consumer.run('instance/main.cjs', ['true'])).resolves.toMatchObject({ stdout: 'true\n' });
  });

  test('serves HTTP with zod alone, without what describes it', async () =>
    expect(await runCompiled('http/main.ts', ['200'])).toBe('200\n'));

  test("the README's first example runs as ESM and as CommonJS", async () => {
    expect(await runCompiled([...blocks.keys()][0]!, first.prints)).toContain(first.prints[0]);
    const { outputText } = ts.transpileModule(withoutTopLevelAwait(first.code), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.CommonJS,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
      },
    });
    await consumer.write('first/main.cjs', outputText);
    await expect(consumer.run('first/main.cjs', first.prints)).resolves.toBeDefined();
  });

  test('blocks of the README that say so run', async () => {
    const others = [...blocks].filter(([file, { run }]) => run && file.startsWith('README.md')).slice(1);
    for (const [file, { prints }] of others) await expect(runCompiled(file, prints)).resolves.toBeTruthy();
  });
});

async function blocksOf(pages: readonly string[]): Promise<Map<string, ReadmeBlock>> {
  const found = new Map<string, ReadmeBlock>();
  for (const page of pages.filter((file) => file.endsWith('.md')))
    for (const block of readmeBlocks(await readFile(join(root, page), 'utf8')))
      found.set(`${page}/line-${block.line}.ts`, block);
  return found;
}
