import type { CanActivate, ModuleMetadata, Type } from '@nestjs/common';
import type { Registry } from 'prom-client';
import { inspectShort } from '../common/inspect-short.js';
import { didYouMean } from '../errors/did-you-mean.js';
import type { Fault } from '../errors/fault.js';
import { isGuard, PATH, trimSlashes } from '../http/http-options.js';

interface CommonOptions {
  /** Where the metrics are registered. Default: a registry of the module's own, with nothing else in it. */
  registry?: Registry;
  /** Of each metric's name. Default: `'job_scheduler_'`. */
  prefix?: string;
  /** On each metric of the module's own registry. With `registry`, set them there. */
  defaultLabels?: Readonly<Record<string, string>>;
}

/** With a route that Prometheus scrapes. */
export interface ScrapedOptions extends CommonOptions {
  /** Where it stands, under the app's global prefix. Default: `'metrics'`. */
  path?: string;
  /**
   * Who may read it: each request must pass all of them, in this order. `[]` leaves it open to everyone who reaches the
   * app. There is no default: the metrics name the app's jobs and queues, and each scrape asks the store.
   */
  guards: readonly Type<CanActivate>[];
  /** Modules that export what the guards inject. */
  imports?: ModuleMetadata['imports'];
  controller?: true;
}

/** Without a route: the app serves the registry by itself. */
export interface UnscrapedOptions extends CommonOptions {
  controller: false;
}

export type JobSchedulerMetricsOptions = ScrapedOptions | UnscrapedOptions;

/** The options, with defaults. */
export interface ResolvedMetricsOptions {
  readonly registry: Registry | undefined;
  readonly prefix: string;
  readonly defaultLabels: Readonly<Record<string, string>>;
}

const DEFAULT_PATH = 'metrics';
const DEFAULT_PREFIX = 'job_scheduler_';
const OPTIONS = Object.keys({
  registry: true,
  prefix: true,
  defaultLabels: true,
  path: true,
  guards: true,
  imports: true,
  controller: true,
} satisfies Record<keyof ScrapedOptions, true>);

/** Prometheus's rule for names of metrics, without colons, which are for its own recording rules. */
const METRIC_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
/** Names with two underscores in front are Prometheus's own. */
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;

/** What is wrong with the options. */
export function metricsOptionFaults(options: Partial<Record<keyof ScrapedOptions, unknown>>): Fault[] {
  const { registry, prefix, controller } = options;
  const faults = Object.keys(options)
    .filter((key) => !OPTIONS.includes(key))
    .map((key): Fault => ({ at: key, problem: `There is no such option.${didYouMean(key, OPTIONS, 'Known')}` }));
  const add = (at: string, problem: string) => void faults.push({ at, problem });

  if (registry !== undefined && !isRegistry(registry)) add('registry', 'It is no Registry of prom-client.');
  if (prefix !== undefined && (typeof prefix !== 'string' || (prefix !== '' && !METRIC_NAME.test(prefix)))) {
    add(
      'prefix',
      `${inspectShort(prefix)} cannot begin a metric's name. Allowed: letters, digits and "_", no digit first.`,
    );
  }
  for (const problem of labelProblems(options)) add('defaultLabels', problem);
  if (controller !== undefined && typeof controller !== 'boolean') {
    add('controller', `${inspectShort(controller)} is not allowed. Allowed: true or false.`);
  }
  if (controller !== false) faults.push(...routeFaults(options));
  return faults;
}

export function resolveMetricsOptions(options: JobSchedulerMetricsOptions): ResolvedMetricsOptions {
  return {
    registry: options.registry,
    prefix: options.prefix ?? DEFAULT_PREFIX,
    defaultLabels: options.defaultLabels ?? {},
  };
}

export function pathOf({ path }: ScrapedOptions): string {
  return trimSlashes(path ?? DEFAULT_PATH);
}

function routeFaults({ path, guards }: Partial<Record<keyof ScrapedOptions, unknown>>): Fault[] {
  const faults: Fault[] = [];
  if (path !== undefined && (typeof path !== 'string' || !PATH.test(trimSlashes(path)))) {
    faults.push({
      at: 'path',
      problem: `${inspectShort(path)} is no path. Allowed: names of letters, digits, ".", "_", "~" and "-", between slashes, such as "${DEFAULT_PATH}".`,
    });
  }
  if (guards === undefined) {
    faults.push({
      at: 'guards',
      problem:
        'There are none. The metrics name the jobs and queues of the app, and each scrape asks the store, so it must be said who may read them: ' +
        'register({ guards: [ScrapeGuard] }), register({ guards: [] }) to leave them open to everyone who reaches the app, or register({ controller: false }) to serve them yourself.',
    });
  } else if (!Array.isArray(guards) || !guards.every(isGuard)) {
    faults.push({
      at: 'guards',
      problem: 'They are no list of guards. Allowed: classes with a method canActivate, as for @UseGuards().',
    });
  }
  return faults;
}

function labelProblems({ defaultLabels: labels, registry }: Partial<Record<keyof ScrapedOptions, unknown>>): string[] {
  if (labels === undefined) return [];
  if (typeof labels !== 'object' || labels === null) return [`${inspectShort(labels)} is no object of texts.`];
  const problems = Object.entries(labels as Record<string, unknown>).flatMap(([name, value]) => [
    ...(LABEL_NAME.test(name) ? [] : [`${inspectShort(name)} is not a label's name.`]),
    ...(typeof value === 'string' ? [] : [`${name}: ${inspectShort(value)} is no text.`]),
  ]);
  if (registry !== undefined) problems.push('They would be put on all metrics of the registry: set them there.');
  return problems;
}

function isRegistry(value: unknown): boolean {
  return typeof (value as Partial<Registry> | null)?.registerMetric === 'function';
}

/** What `register` was given, with defaults. */
export const METRICS_OPTIONS = 'nestjs-job-scheduler:metrics-options';
