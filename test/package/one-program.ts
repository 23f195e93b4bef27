/** All that must compile, in one run of the compiler, which takes half a minute of a slow processor by itself. */
import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, parse } from 'node:path';
import { root } from './consumer.js';

export interface OneProgram {
  /** The compiler's words; empty where all is well. */
  readonly faults: string;
  /** Where the code and the types of our packages are, laid out as `libs` is. */
  readonly libs: string;
  /** Where a file of `sources` became JavaScript. */
  readonly compiled: (file: string) => string;
}

/**
 * Compiles our packages, the uses of `test/types` and `sources` (path below `directory` to code) against their sources.
 */
export async function compileOneProgram(
  directory: string,
  sources: Readonly<Record<string, string>>,
): Promise<OneProgram> {
  const out = join(directory, 'out');
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
  await writeFile(join(directory, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const [file, code] of Object.entries(sources)) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), code);
  }
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      rootDir: parse(root).root,
      outDir: out,
      sourceMap: false,
      stripInternal: true,
      noUnusedLocals: false,
      noUnusedParameters: false,
    },
    include: [join(root, 'libs/*/src'), join(root, 'test/types/job-types.ts'), ...Object.keys(sources)],
    exclude: [join(root, '**/*.spec.ts')],
  };
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(config));
  const compiledFrom = (path: string): string => join(out, path.slice(parse(path).root.length));
  return {
    faults: await compile(directory),
    libs: compiledFrom(join(root, 'libs')),
    compiled: (file) => compiledFrom(join(directory, file.replace(/\.ts$/, '.js'))),
  };
}

function compile(directory: string): Promise<string> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-p', directory], { maxBuffer: 16 << 20 }, (error, stdout, stderr) =>
      resolve(error ? `${stdout}${stderr}` || error.message : ''),
    );
  });
}
