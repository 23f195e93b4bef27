import { type LoggerService, Module, type ModuleMetadata } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';
import { JobContext } from '#src/definition/job-context.js';
import { EnhancerCreators } from '#src/discovery/handlers/enhancer-creators.js';
import { JobDiscovery } from '#src/discovery/job-discovery.js';
import { JobRegistrar } from '#src/discovery/job-registrar.js';
import { ListenerExplorer } from '#src/discovery/explore/listener-explorer.js';
import type { RegisteredJob } from '#src/discovery/registered-job.js';
import { ProviderExplorer } from '#src/discovery/explore/provider-explorer.js';
import { JobDefinitionError } from '#src/errors/definition-errors.js';
import type { ResolvedOptions } from '#src/options/resolved-options.js';
import { JobRegistry } from '#src/discovery/job-registry.js';

const DAY = 86_400_000;

const SILENT: LoggerService = { log: () => undefined, error: () => undefined, warn: () => undefined };

/** Options as the options room gives them. */
export function testOptions(changed: Partial<ResolvedOptions> = {}): ResolvedOptions {
  return {
    connection: 'memory:',
    prefix: 'jobs',
    app: undefined,
    queues: new Map(['critical', 'default', 'low'].map((name) => [name, { name, weight: 1, max: 10 }])),
    queueOrder: 'weighted',
    concurrency: 10,
    roles: new Set(['producer', 'worker', 'scheduler']),
    jobs: {},
    defaults: {
      queue: 'default',
      retry: { max: 3, backoff: 'exponential', delay: 1000, maxDelay: 3_600_000, jitter: 0 },
      timeout: 300_000,
      timezone: 'UTC',
      misfire: 'skip',
      misfireThreshold: 60_000,
      maxCatchUp: 100,
      overlap: 'allow',
      retention: { count: 100, age: 7 * DAY, failed: 30 * DAY },
    },
    history: true,
    maxPayload: 1024 * 1024,
    shutdownTimeout: 30_000,
    lockDuration: 30_000,
    autoStart: true,
    workerName: undefined,
    logStacks: true,
    globalEnhancers: false,
    telemetry: undefined,
    ...changed,
  };
}

export interface DiscoveredApp {
  readonly app: TestingModule;
  readonly discovery: JobDiscovery;
  readonly registry: JobRegistry;
  readonly registrar: JobRegistrar;
  readonly discover: () => Promise<void>;
}

/** A real Nest app with the discovery rooms in it; nothing discovered yet. */
export async function startApp(
  metadata: ModuleMetadata,
  changed: Partial<ResolvedOptions> = {},
  adapt: (builder: TestingModuleBuilder) => TestingModuleBuilder = (builder) => builder,
): Promise<DiscoveredApp> {
  class AppModule {}
  Module(metadata)(AppModule);
  const options = testOptions(changed);
  const builder = Test.createTestingModule({
    imports: [DiscoveryModule, AppModule],
    providers: [ProviderExplorer, ListenerExplorer, EnhancerCreators],
  });
  const app = await adapt(builder).setLogger(SILENT).compile();
  await app.init();
  const registry = new JobRegistry();
  const discovery = new JobDiscovery(
    app.get(ProviderExplorer),
    app.get(EnhancerCreators),
    registry,
    options,
    app.get(ListenerExplorer),
  );
  const registrar = new JobRegistrar(registry, options);
  return { app, discovery, registry, registrar, discover: () => discovery.discover() };
}

/** The faults of an app, as `at: problem`. */
export async function faultsOf(
  metadata: ModuleMetadata,
  changed: Partial<ResolvedOptions> = {},
  adapt?: (builder: TestingModuleBuilder) => TestingModuleBuilder,
): Promise<readonly string[]> {
  const { app, discover } = await startApp(metadata, changed, adapt);
  try {
    await discover();
    return [];
  } catch (error) {
    if (!(error instanceof JobDefinitionError)) throw error;
    return error.faults.map(({ at, problem }) => `${at}: ${problem}`);
  } finally {
    await app.close();
  }
}

/** A context with what handlers of these tests read. */
export function testContext(job = 'test', id = '1'): JobContext {
  return Object.assign(Object.create(JobContext.prototype) as JobContext, {
    job,
    id,
    signal: new AbortController().signal,
  });
}

/** One attempt as the executor makes it: the single handler, or all steps. */
export function attempt(job: RegisteredJob, payload: unknown, ctx = testContext()): Promise<unknown> {
  const { definition, invoker } = job;
  return invoker.attempt(payload, ctx, async (handlers, piped) => {
    if (definition.steps.length === 0) return handlers.run(piped, ctx);
    let result: unknown;
    for (const { method } of definition.steps) result = await handlers.step(method, piped, ctx);
    return result;
  });
}
