/**
 * `node scripts/checks/names.mjs`: no exported name of our packages means two things, and no two tests have one title.
 * Files are parsed, nothing runs: a title with a placeholder counts as it is written.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from '../run.mjs';

const ours = /^libs\/[^/]+\/src\//;

/** Names of two entry points that an app tells apart by what it imports them from. */
const apart = new Set([
  // The decorator; the resource of `nestjs-job-scheduler/http`.
  'Job',
]);

const isSpec = (file) => file.endsWith('.spec.ts');

function sourcesIn(directory) {
  return readdirSync(join(root, directory), { recursive: true })
    .filter((file) => file.endsWith('.ts') && !/(^|\/)(node_modules|dist)\//.test(file))
    .map((file) => join(directory, file));
}

function parse(file) {
  return ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true);
}

/** Names that a file declares and exports; not those that it hands on. */
function exportsOf(source) {
  const names = source.statements.flatMap((statement) => {
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
    if (!modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return [];
    if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.flatMap(namesIn);
    return statement.name ? [statement.name.text] : [];
  });
  return new Set(names);
}

function namesIn({ name }) {
  return ts.isIdentifier(name) ? [name.text] : name.elements.flatMap(namesIn);
}

/** `describe`, `test` or `it` of `test.each(rows)(title, run)`, `describeOnEachStore(title, run)`, and the like. */
function kindOf(call) {
  let callee = call.expression;
  while (!ts.isIdentifier(callee)) {
    callee = callee.expression ?? callee.tag;
    if (!callee) return undefined;
  }
  return /^(describe|test|it)(?![a-z])/.exec(callee.text)?.[1];
}

function titleOf([first, ...rest]) {
  if (!first || !rest.some((each) => ts.isArrowFunction(each) || ts.isFunctionExpression(each))) return undefined;
  if (ts.isStringLiteralLike(first)) return first.text;
  return ts.isTemplateExpression(first) ? first.getText().slice(1, -1) : undefined;
}

/** Calls `note` with the full title of each test of a file, and its line. */
function eachTitle(source, note) {
  const visit = (node, path) => {
    const kind = ts.isCallExpression(node) ? kindOf(node) : undefined;
    const title = kind && titleOf(node.arguments);
    const full = title === undefined ? path : [...path, title];
    if (title !== undefined && kind !== 'describe')
      note(full.join(' › '), source.getLineAndCharacterOfPosition(node.getStart()).line + 1);
    ts.forEachChild(node, (child) => visit(child, full));
  };
  visit(source, []);
}

const names = new Map();
const titles = new Map();
const add = (map, key, place) => map.set(key, [...(map.get(key) ?? []), place]);

for (const file of ['libs', 'apps', 'test'].flatMap(sourcesIn)) {
  const isOurs = ours.test(file) && !isSpec(file);
  if (!isOurs && !isSpec(file) && !file.startsWith('test/')) continue;
  const source = parse(file);
  if (isOurs) for (const name of exportsOf(source)) add(names, name, file);
  else eachTitle(source, (title, line) => add(titles, title, `${file}:${line}`));
}

function report(map, toText) {
  for (const [key, places] of map) {
    if (places.length < 2) continue;
    console.log(toText(key, places.join(', ')));
    process.exitCode = 1;
  }
}

for (const name of apart) names.delete(name);
report(names, (name, places) => `"${name}" is exported by ${places}: give one of them another name`);
report(titles, (title, places) => `Tests of one title, "${title}", in ${places}: say what each one shows`);
