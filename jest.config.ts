/**
 * Node 20 cannot load a TypeScript file by itself: Jest loads this one through esbuild-register there.
 *
 * @jest-config-loader esbuild-register
 */
import { availableParallelism } from 'node:os';
import type { Config } from 'jest';

const config: Config = {
  testEnvironment: '<rootDir>/test/support/leak-environment.mjs',
  roots: ['<rootDir>/libs', '<rootDir>/apps', '<rootDir>/test'],
  testRegex: '\\.(spec|e2e-spec)\\.ts$',
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/libs/[^/]+/dist/'],
  maxWorkers: availableParallelism(),
  // A worker keeps some memory of each file that it has run; all of them are to stay below 3 GiB.
  workerIdleMemoryLimit: '600MB',
  // A process with hundreds of megabytes takes a moment to go. What a file leaves open fails that file.
  workerGracefulExitTimeout: 60_000,
  testSequencer: '<rootDir>/test/support/long-first.mjs',
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  reporters: ['default', '<rootDir>/test/support/summary-reporter.mjs'],
  // Far above the ceilings of single waits, whose messages say more: a test of the long suite has many of them.
  testTimeout: (process.env.TEST_SUITE === 'long' ? 600_000 : 240_000) * Number(process.env.TEST_SLOWNESS ?? 1),
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/test/support/swc-transformer.mjs' },
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // As "imports" in package.json, for TypeScript's own sake.
    '^#src/(.+)\\.js$': '<rootDir>/libs/job-scheduler/src/$1',
    '^#bullmq-memory$': '<rootDir>/libs/bullmq-memory/src/index.ts',
    '^#bullmq-memory/(.+)$': '<rootDir>/libs/bullmq-memory/src/$1.ts',
    '^nestjs-job-scheduler$': '<rootDir>/libs/job-scheduler/src/index.ts',
    '^nestjs-job-scheduler/(.+)$': '<rootDir>/libs/job-scheduler/src/$1/index.ts',
  },
  coverageProvider: 'babel',
};

export default config;
