/**
 * Lets a plain process run our TypeScript sources: `node --import ./test/support/ts-loader.mjs file.ts`.
 * The file registers itself as the hooks, which Node runs in a thread of their own.
 */
import { existsSync, readFileSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import swc from '@swc/core';
import { swcOptions } from './swc-options.mjs';

if (isMainThread) register(import.meta.url);

const library = new URL('../../libs/job-scheduler/src/', import.meta.url);

export function resolve(specifier, context, next) {
  if (specifier === 'nestjs-job-scheduler') return next(new URL('index.ts', library).href, context);
  const entry = /^nestjs-job-scheduler\/(.+)$/.exec(specifier)?.[1];
  if (entry) return next(new URL(`${entry}/index.ts`, library).href, context);
  if (/^\.{1,2}\/.*\.js$/.test(specifier) && context.parentURL?.endsWith('.ts')) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return next(source.href, context);
  }
  return next(specifier, context);
}

export function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const filename = fileURLToPath(url);
  const { code } = swc.transformSync(readFileSync(filename, 'utf8'), { ...swcOptions, filename, sourceMaps: 'inline' });
  return { format: 'module', source: code, shortCircuit: true };
}
