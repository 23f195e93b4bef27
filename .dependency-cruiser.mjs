/**
 * The import rule (docs/architecture.md#what-may-import-what). A room is a folder; it imports only rooms that come before it
 * here.
 */
const rooms = [
  'errors',
  'common',
  'cron',
  'definition',
  'options',
  'decorators',
  'discovery',
  'store',
  'queues',
  'events',
  'jobs',
  'execution',
  'worker',
  'scheduling',
  'service',
  'memory',
  'health',
  'http',
  'metrics',
  'dashboard',
  'testing',
];
/** Rooms of bullmq-memory, likewise. */
const memoryRooms = ['state', 'commands', 'backend'];
/** Rooms with an entry point of their own: what they need is not installed everywhere. */
const optionalRooms = ['memory', 'health', 'http', 'metrics', 'dashboard', 'testing'];

const src = '^libs/job-scheduler/src';
const memory = '^libs/bullmq-memory/src';
const spec = '\\.spec\\.ts$';
const wiring = '\\.module\\.ts$';
const named = (...packages) => `(^|node_modules/)(${packages.join('|')})(/|$)`;
const optionalPeers = ['ioredis', 'pg', '@electric-sql/pglite'];
const valueImport = { dependencyTypesNot: ['type-only', 'type-import'] };

const error = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

const upThePage = rooms
  .slice(0, -1)
  .map((room, index) =>
    error(
      `${room}-imports-only-rooms-before-it`,
      `${room}/ comes before ${rooms.slice(index + 1).join(', ')} in docs/architecture.md, and must not know them.`,
      { path: `${src}/${room}/`, pathNot: [spec, wiring] },
      { path: `${src}/(${rooms.slice(index + 1).join('|')})/` },
    ),
  );

export default {
  forbidden: [
    error(
      'no-cycle',
      'Files that import each other cannot be understood, or loaded, one by one.',
      {},
      { circular: true },
    ),
    ...upThePage,
    error(
      'known-rooms',
      'A new room needs its place in the order at the top of .dependency-cruiser.mjs.',
      { path: `${src}/(?!(${rooms.join('|')})/)[^/]+/` },
      {},
    ),
    error(
      'only-wiring-imports-wiring',
      'index.ts, the module and the lifecycle are put together from the rooms, which do not know them.',
      { path: `${src}/[^/]+/`, pathNot: [spec, wiring, `${src}/[^/]+/index\\.ts$`] },
      { path: [`${src}/[^/]+\\.ts$`, wiring] },
    ),
    error(
      'engine-at-the-border',
      'BullMQ and the database clients are called in store/ and worker/ only. Types may be imported anywhere.',
      { path: src, pathNot: [`${src}/(store|worker)/`, spec] },
      { path: named('bullmq', ...optionalPeers), ...valueImport },
    ),
    error(
      'optional-peers-when-needed',
      'An optional peer may be missing: import() it where it is used. Types may be imported.',
      { path: src, pathNot: spec },
      { path: named(...optionalPeers), dynamic: false, ...valueImport },
    ),
    error(
      'terminus-in-health',
      'Only the entry /health needs Terminus.',
      { path: src, pathNot: `${src}/health/` },
      { path: named('@nestjs/terminus') },
    ),
    error(
      'prom-client-in-metrics',
      'Only the entry /metrics needs prom-client.',
      { path: src, pathNot: `${src}/metrics/` },
      { path: named('prom-client') },
    ),
    error(
      'entry-without-optional-rooms',
      'The main entry must load, and compile, without what the optional rooms need.',
      { path: `${src}/index\\.ts$` },
      { path: `${src}/(${optionalRooms.join('|')})/`, reachable: true },
    ),
    error(
      'public-nest-only',
      "Nest's files are its own: import from the package's name.",
      { path: src },
      { path: 'node_modules/@nestjs/', pathNot: 'node_modules/@nestjs/[^/]+/(dist/)?index\\.(d\\.ts|js)$' },
    ),
    error(
      'library-stands-alone',
      'The library is published without the rest of the checkout.',
      { path: src, pathNot: spec },
      { path: '^(apps|bench|scripts|test)/' },
    ),
    error(
      'apps-use-entry-points',
      'An app imports the library as a user does.',
      { path: '^apps/' },
      { path: `${src}/`, pathNot: `${src}/((${optionalRooms.join('|')})/)?index\\.ts$` },
    ),
    error(
      'bullmq-memory-stands-alone',
      'bullmq-memory is a package of its own: it knows BullMQ, and nothing of the library.',
      { path: `${memory}/`, pathNot: spec },
      { path: ['^(libs|apps|bench|scripts|test)/', 'node_modules/'], pathNot: [`${memory}/`, named('bullmq')] },
    ),
    ...memoryRooms
      .slice(0, -1)
      .map((room, index) =>
        error(
          `bullmq-memory-${room}-imports-only-rooms-before-it`,
          `bullmq-memory's rooms, from the first to the last: ${memoryRooms.join(', ')}.`,
          { path: `${memory}/${room}/` },
          { path: `${memory}/((${memoryRooms.slice(index + 1).join('|')})/|[^/]+\\.ts$)` },
        ),
      ),
    error(
      'bullmq-memory-by-its-entries',
      'The library reaches bullmq-memory as #bullmq-memory and #bullmq-memory/extend.',
      { path: ['^(libs|apps|bench|test)/'], pathNot: `${memory}/` },
      { path: `${memory}/`, pathNot: `${memory}/(index|extend)\\.ts$` },
    ),
    error('resolvable', 'This import leads nowhere.', {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types', 'typings'],
    },
  },
};
