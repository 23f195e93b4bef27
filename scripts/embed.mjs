/**
 * Lua and SQL stand in files of their own, and the library holds their texts in TypeScript, so that it reads no file when it
 * runs. `node scripts/embed.mjs` writes these modules; commands that build do so first. `--check` fails where one is stale.
 *
 * A file begins with a comment that says what it is for, then an empty line: that much stays out of its text. In Lua, a line
 * `-- @include "name"` stands for the text of `includes/name.lua`, once a script however often it is named.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './run.mjs';

const INCLUDE = /^[ \t]*-- @include "(.*)"\n/gm;
const HEADER = /^(?:--.*\n)+\n/;

const store = join(root, 'libs/job-scheduler/src/store');
const modules = [
  { folder: join(store, 'redis/scripts'), extension: 'lua', module: 'lua.generated.ts' },
  { folder: join(store, 'postgres/migrations'), extension: 'sql', module: 'sql.generated.ts' },
];

/** `history-index` is `historyIndex`. */
const camelCase = (words) => words.replace(/-(\w)/g, (_dash, letter) => letter.toUpperCase());

/** A file's text without its head, cut where it includes others: texts at even places, names of includes at odd ones. */
function partsOf(file) {
  const text = readFileSync(file, 'utf8');
  const header = HEADER.exec(text)?.[0];
  if (!header) throw new Error(`${file} does not begin with a comment that says what it is for, and an empty line`);
  return text.slice(header.length).split(INCLUDE);
}

/** The module with the texts of all files of an extension below a folder. What several include is a constant of its own. */
export function moduleOf(folder, extension) {
  const includes = join(folder, 'includes');
  const constants = new Map();

  /** What a file becomes: an expression, in which each include comes once. */
  function expressionsOf(file, name, included) {
    return partsOf(file).flatMap((part, index) => {
      if (index % 2 === 1) return included.has(part) ? [] : include(part, file, included);
      if (part === '') return [];
      if (!name) return [JSON.stringify(part)];
      const constant = index === 0 ? name : `${name}${index / 2 + 1}`;
      constants.set(constant, JSON.stringify(part));
      return [constant];
    });
  }

  function include(name, by, included) {
    const piece = join(includes, `${name}.${extension}`);
    if (!existsSync(piece)) throw new Error(`${by} includes "${name}", but there is no ${piece}`);
    included.add(name);
    return expressionsOf(piece, camelCase(name), included);
  }

  const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => file.endsWith(`.${extension}`) && !file.startsWith(join(includes, '/')))
    .toSorted()
    .map((file) => {
      const name = camelCase(`${basename(file, `.${extension}`)}-${extension}`);
      return `export const ${name}: string = ${expressionsOf(file, '', new Set()).join(' + ')};\n`;
    });
  return [
    `// scripts/embed.mjs makes this file of the .${extension} files here: change those.\n`,
    ...[...constants].map(([name, text]) => `const ${name} = ${text};\n`),
    ...scripts,
  ].join('');
}

/** Writes the modules that are not as their files are, or only names them. */
export function embed({ check = false } = {}) {
  return modules.flatMap(({ folder, extension, module }) => {
    const path = join(folder, module);
    const text = moduleOf(folder, extension);
    if (existsSync(path) && readFileSync(path, 'utf8') === text) return [];
    if (!check) writeFileSync(path, text);
    return [relative(root, path)];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const check = process.argv.includes('--check');
  for (const path of embed({ check })) {
    console.log(check ? `${path} is stale. Write it: node scripts/embed.mjs` : `Wrote ${path}`);
    if (check) process.exitCode = 1;
  }
}
