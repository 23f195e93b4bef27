/** What we publish, how it is compiled, and what each package has in its `dist`. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programs, quietly } from './run.mjs';

/** Names of our packages and their folders in `libs`. */
export const packages = { 'nestjs-job-scheduler': 'job-scheduler', 'bullmq-memory': 'bullmq-memory' };

/** Compiles all packages in one run of the compiler, laid out as `libs` is. */
export function compilePackages(out) {
  quietly(process.execPath, [programs.tsc, '-p', 'tsconfig.build.json', '--outDir', out]);
}

/** Makes the `dist` of a package, of what `compilePackages` put into `compiled`. */
export async function assemble(name, compiled, dist) {
  rmSync(dist, { recursive: true, force: true });
  const sources = join(compiled, packages[name], 'src');
  if (name === 'bullmq-memory') return copyAsCommonJs(sources, dist);
  cpSync(sources, dist, { recursive: true });
  // It brings the backend along: "imports" in its package.json lead there.
  cpSync(join(compiled, 'bullmq-memory/src'), join(dist, 'bullmq-memory'), { recursive: true });
}

/** Jest loads no ES modules from CommonJS before Node 24.9; CommonJS, as BullMQ is, can be loaded by all. */
async function copyAsCommonJs(sources, dist) {
  const { default: ts } = await import('typescript');
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 };
  cpSync(sources, dist, { recursive: true });
  for (const file of readdirSync(dist, { recursive: true }).filter((each) => each.endsWith('.js'))) {
    const { outputText } = ts.transpileModule(readFileSync(join(dist, file), 'utf8'), { compilerOptions });
    writeFileSync(join(dist, file), outputText);
  }
  writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }\n');
}
