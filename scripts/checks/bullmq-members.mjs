/**
 * Which members of BullMQ our packages use, and what they are in the installed BullMQ: `test/package/bullmq-members.json`.
 * `node scripts/checks/bullmq-members.mjs` fails where the sources use others than that file lists; with `--write` it
 * writes the file. `test/package/bullmq-members.spec.ts` compares the file with BullMQ.
 *
 * Listed are values that BullMQ exports and members of its classes, `IQueueBackend` and its Redis client. Options and other
 * plain data are not: for those the compiler names the place.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { root } from '../run.mjs';

const bullmq = createRequire(import.meta.url)('bullmq');
const listFile = join(root, 'test/package/bullmq-members.json');
const sources = join(root, 'libs');

/** What stands for BullMQ's interfaces when the program runs. */
const client = bullmq.createIORedisClient(new Redis({ lazyConnect: true }));
const implementations = {
  IQueueBackend: [bullmq.RedisQueueBackend, bullmq.PostgresQueueBackend],
  IRedisClient: [client],
  IRedisTransaction: [client.pipeline()],
};

const ownersOf = (name) => implementations[name] ?? (bullmq[name] === undefined ? [] : [bullmq[name]]);

/** @returns {Record<string, { is: string, usedBy: string[] }>} by name: `Worker.close`, `createRedisBackend`. */
export const readList = () => JSON.parse(readFileSync(listFile, 'utf8'));

/** What a value or member of BullMQ is, in words: `method (force = false)`, `field`, `gone`. */
export function shapeOf(name) {
  const [owner, member] = name.split('.');
  if (member === undefined) return shapeOfValue(bullmq[owner]);
  const shapes = ownersOf(owner).map((each) =>
    typeof each === 'function' ? memberOf(each, member) : propertyOf(each, member),
  );
  return [...new Set(shapes)].join(' or ') || 'gone';
}

function shapeOfValue(value) {
  if (value === undefined) return 'gone';
  if (typeof value !== 'function') return typeof value === 'object' ? 'object' : `value ${JSON.stringify(value)}`;
  const text = value.toString();
  if (!text.startsWith('class')) return `function ${parametersIn(text)}`;
  const start = /\bconstructor\(/.exec(text);
  return start ? `class ${parametersIn(text.slice(start.index))}` : 'class';
}

/** Of an object: an enum, or a client that is a proxy. */
function propertyOf(object, member) {
  const value = object[member];
  if (value === undefined) return 'gone';
  return typeof value === 'function' ? 'method' : `value ${JSON.stringify(value)}`;
}

function memberOf(owner, member) {
  for (let each = owner.prototype; each && each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    const descriptor = Object.getOwnPropertyDescriptor(each, member);
    if (descriptor?.get) return 'getter';
    if (descriptor) return `method ${parametersIn(descriptor.value.toString())}`;
  }
  // A field is on no prototype: it is there if its class sets it.
  for (let each = owner; each?.name; each = Object.getPrototypeOf(each))
    if (new RegExp(`\\b(this|job)\\.${member}\\s*=[^=]`).test(each.toString())) return 'field';
  return typeof owner[member] === 'function' ? `static method ${parametersIn(owner[member].toString())}` : 'gone';
}

/** The parameters of a function, in parentheses, without comments. */
function parametersIn(text) {
  const code = text.replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
  let depth = 0;
  for (let at = code.indexOf('('); at < code.length; at++) {
    if (code[at] === '(') depth++;
    else if (code[at] === ')' && --depth === 0) return code.slice(code.indexOf('('), at + 1).replace(/\s+/g, ' ');
  }
  return '';
}

/** Our files by the member that they use, found with the compiler. */
async function findUses() {
  const { default: ts } = await import('typescript');
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (fault) => console.error(fault.messageText) };
  const { fileNames, options } = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.build.json'), {}, host);
  const program = ts.createProgram(fileNames, { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const uses = new Map();

  function note(symbol, file) {
    for (const declaration of symbol?.declarations ?? []) {
      if (!/\/node_modules\/bullmq\//.test(declaration.getSourceFile().fileName)) continue;
      const owner = declaration.parent;
      const isMember = ts.isClassLike(owner) || ts.isInterfaceDeclaration(owner) || ts.isEnumDeclaration(owner);
      const isExport = ts.isSourceFile(owner) || ts.isVariableDeclarationList(owner);
      // Types, and members of theirs, are gone when the program runs.
      const isThere = isMember ? ownersOf(owner.name.text).length > 0 : isExport && symbol.flags & ts.SymbolFlags.Value;
      if (!isThere) continue;
      const name = isMember ? `${owner.name.text}.${symbol.name}` : symbol.name;
      uses.set(name, (uses.get(name) ?? new Set()).add(basename(file)));
    }
  }

  const property = (type, name) => checker.getPropertyOfType(type, name);
  const aliased = (symbol) =>
    symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

  function visitClass(node) {
    const own = checker.getTypeAtLocation(node);
    for (const clause of node.heritageClauses ?? [])
      for (const each of clause.types)
        for (const inherited of checker.getTypeAtLocation(each).getProperties())
          for (const { parent } of property(own, inherited.name)?.declarations ?? [])
            // Also where a class takes up what another one of ours has implemented.
            if (parent.getSourceFile().fileName.startsWith(sources)) note(inherited, parent.getSourceFile().fileName);
  }

  function visit(node, file) {
    if (ts.isPropertyAccessExpression(node)) note(checker.getSymbolAtLocation(node.name), file);
    else if (ts.isImportSpecifier(node)) note(aliased(checker.getSymbolAtLocation(node.name)), file);
    else if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent))
      note(property(checker.getTypeAtLocation(node.parent), (node.propertyName ?? node.name).getText()), file);
    else if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression))
      note(property(checker.getTypeAtLocation(node.expression), node.argumentExpression.text), file);
    else if (ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal)) visitNamed(node, file);
    else if (ts.isClassLike(node)) visitClass(node);
    ts.forEachChild(node, (child) => visit(child, file));
  }

  /** `Pick<IRedisClient, 'runCommand'>`, `Job['opts']` */
  function visitNamed({ parent, literal }, file) {
    const list = ts.isUnionTypeNode(parent) ? parent.parent : parent;
    const of = ts.isIndexedAccessTypeNode(list) ? list.objectType : list.typeArguments?.[0];
    if (of) note(property(checker.getTypeAtLocation(of), literal.text), file);
  }

  for (const file of program.getSourceFiles()) if (!file.isDeclarationFile) visit(file, file.fileName);
  return uses;
}

function readListOr(otherwise) {
  try {
    return readList();
  } catch (error) {
    if (error.code === 'ENOENT') return otherwise;
    throw error;
  }
}

const byName = (a, b) => (a < b ? -1 : 1);

async function main() {
  const uses = await findUses();
  const entries = [...uses].map(([name, files]) => [name, { is: shapeOf(name), usedBy: [...files].toSorted(byName) }]);
  const found = Object.fromEntries(entries.toSorted(([a], [b]) => byName(a, b)));
  if (process.argv.includes('--write')) {
    const { format, resolveConfig } = await import('prettier');
    const style = await resolveConfig(listFile);
    writeFileSync(listFile, await format(JSON.stringify(found), { ...style, filepath: listFile }));
    return;
  }
  const listed = readListOr({});
  const filesOf = (list, name) => list[name]?.usedBy.join(', ') ?? 'nobody';
  for (const name of new Set([...Object.keys(found), ...Object.keys(listed)])) {
    if (filesOf(found, name) === filesOf(listed, name)) continue;
    console.log(`${name} of BullMQ is used by ${filesOf(found, name)}, and the list says ${filesOf(listed, name)}`);
    process.exitCode = 1;
  }
  if (process.exitCode) console.log('List them: node scripts/checks/bullmq-members.mjs --write');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
