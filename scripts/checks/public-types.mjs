/**
 * Every type in a public signature can be imported: what the entry points of a package export uses only types that an entry
 * point exports, too.
 */
import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';

/** Made by Nest or by a function, not by their users: what their constructors take is our own business. */
const madeForUsers = new Set([
  'DeadLetters',
  'JobHealth',
  'JobHistory',
  'JobMonitor',
  'JobSchedulerHttpModule',
  'JobSchedulerMetrics',
  'JobService',
  'KeptQueue',
  'LockService',
  'MemoryBackend',
  'OpenMemory',
  'ScheduleService',
]);

/** @param directory of an unpacked package. @returns {string[]} what is forgotten, a line each. */
export function forgottenTypes(directory) {
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const entries = Object.values(manifest.exports).flatMap(({ types }) => (types ? [join(directory, types)] : []));
  // What other packages declare is theirs to export: it need not be found.
  const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, types: [] };
  const program = ts.createProgram(entries, { ...options, skipLibCheck: true });
  const checker = program.getTypeChecker();
  const original = (symbol) =>
    symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

  const exported = new Set();
  for (const entry of entries)
    for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry))))
      exported.add(original(symbol));

  const isOurs = (node) => node.getSourceFile().fileName.startsWith(resolve(directory, 'dist'));
  const isTopLevel = ({ parent }) => ts.isSourceFile(parent) || ts.isVariableDeclarationList(parent);
  const forgotten = new Map();

  function visit(node, user) {
    if (isHidden(node)) return;
    if (ts.isConstructorDeclaration(node) && madeForUsers.has(user)) return;
    if (ts.isIdentifier(node)) visitName(node, user);
    ts.forEachChild(node, (child) => visit(child, user));
  }

  function visitName(node, user) {
    const symbol = original(checker.getSymbolAtLocation(node));
    const declaration = symbol?.declarations?.find((each) => isOurs(each) && isTopLevel(each));
    if (!declaration || exported.has(symbol)) return;
    // What a base brings is seen by its members, what is computed by its result: no one has to name either.
    if (isBase(node)) visitMembers(declaration, user);
    else if (!isComputed(declaration)) note(symbol, declaration, user);
  }

  function visitMembers(declaration, user) {
    ts.forEachChild(declaration, (child) => {
      if (child !== declaration.name) visit(child, user);
    });
  }

  function note(symbol, declaration, user) {
    const file = relative(join(directory, 'dist'), declaration.getSourceFile().fileName);
    const key = `${symbol.name} (${file})`;
    forgotten.set(key, (forgotten.get(key) ?? new Set()).add(user));
  }

  for (const symbol of exported)
    for (const declaration of symbol.declarations ?? []) if (isOurs(declaration)) visit(declaration, symbol.name);
  return [...forgotten].map(([type, users]) => `${type} is in the signature of ${[...users].join(', ')}`);
}

/** Private and protected members are for the library itself. So are the helpers of a conditional type. */
function isHidden(node) {
  const hiding = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  return (ts.getCombinedModifierFlags(node) & hiding) !== 0 || ts.isConditionalTypeNode(node);
}

const isBase = ({ parent }) => ts.isExpressionWithTypeArguments(parent) && ts.isHeritageClause(parent.parent);

const isComputed = (declaration) =>
  ts.isTypeAliasDeclaration(declaration) && ts.isConditionalTypeNode(declaration.type);
