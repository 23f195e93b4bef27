import type { CanActivate, ModuleMetadata, Type } from '@nestjs/common';
import { inspectShort } from '../common/inspect-short.js';
import type { Fault } from '../errors/fault.js';
import type { StreamBounds } from './streams/open-streams.js';
import type { ApplicationConfig } from '@nestjs/core';

export interface JobSchedulerHttpOptions {
  /**
   * Where the API stands, under the app's global prefix: everything below it belongs to the API. Default: `'v1/monitor'`.
   * Not versioned by Nest: a version stands in it as text.
   */
  path?: string;
  /**
   * Who may use the API: each request must pass all of them, in this order. `[]` leaves it open to everyone who reaches
   * the app. There is no default, since the API can run, change and delete jobs.
   */
  guards: readonly Type<CanActivate>[];
  /** Modules that export what the guards inject. */
  imports?: ModuleMetadata['imports'];
  /**
   * Whether answers tell what only the makers of the app should know: stacks, messages of internal errors, addresses of
   * stores. Default: `false`.
   */
  exposeErrors?: boolean;
  /**
   * Says who makes a request that the guards have let pass, for the log lines of what is done through the API and for
   * `streams.perCaller`: `(request) => request.user.email`. Default, and where it gives no text: the address of the request;
   * behind a proxy let the app trust it (Express's `trust proxy`, Fastify's `trustProxy`).
   */
  caller?(this: void, request: object): string | undefined;
  /**
   * How many live streams may be open; one more is answered 503 with `Retry-After`. Each takes up to half a MiB while its
   * client does not read. Default: `{ perProcess: 200, perCaller: 50 }`.
   */
  streams?: { readonly perProcess?: number; readonly perCaller?: number };
}

/** The options, with defaults. */
export interface ResolvedHttpOptions {
  readonly path: string;
  readonly guards: readonly Type<CanActivate>[];
  readonly exposeErrors: boolean;
  readonly caller: JobSchedulerHttpOptions['caller'];
  readonly streams: StreamBounds;
}

export const DEFAULT_PATH = 'v1/monitor';
/** Of a route: names between slashes. */
export const PATH = /^[\w.~-]+(\/[\w.~-]+)*$/;

/** What is wrong with the options. */
export function httpOptionFaults(options: Partial<JobSchedulerHttpOptions>): Fault[] {
  const faults: Fault[] = [];
  const { path, guards, exposeErrors, caller, streams = {} } = options;
  if (path !== undefined && (typeof path !== 'string' || !PATH.test(trimSlashes(path))))
    faults.push({
      at: 'path',
      problem: `${JSON.stringify(path)} is no path. Allowed: names of letters, digits, ".", "_", "~" and "-", between slashes, such as "${DEFAULT_PATH}".`,
    });
  if (guards === undefined)
    faults.push({
      at: 'guards',
      problem:
        'There are none. The HTTP API can run, change and delete jobs, so it must be said who may use it: ' +
        'register({ guards: [AdminGuard] }), or register({ guards: [] }) to leave it open to everyone who reaches the app.',
    });
  else if (!Array.isArray(guards) || !guards.every(isGuard))
    faults.push({
      at: 'guards',
      problem: 'They are no list of guards. Allowed: classes with a method canActivate, as for @UseGuards().',
    });
  if (exposeErrors !== undefined && typeof exposeErrors !== 'boolean')
    faults.push({
      at: 'exposeErrors',
      problem: `${JSON.stringify(exposeErrors)} is not allowed. Allowed: true or false.`,
    });
  if (caller !== undefined && typeof caller !== 'function')
    faults.push({
      at: 'caller',
      problem: `${inspectShort(caller)} is no function. Allowed: one that says who makes a request.`,
    });
  for (const name of ['perProcess', 'perCaller'] as const) {
    const most = streams?.[name];
    if (most !== undefined && !(Number.isSafeInteger(most) && most > 0))
      faults.push({
        at: `streams.${name}`,
        problem: `${inspectShort(most)} is not allowed. Allowed: a whole number above 0.`,
      });
  }
  return faults;
}

export function resolveHttpOptions(options: JobSchedulerHttpOptions): ResolvedHttpOptions {
  const { path, guards, exposeErrors, caller, streams } = options;
  return {
    path: trimSlashes(path ?? DEFAULT_PATH),
    guards,
    exposeErrors: exposeErrors ?? false,
    caller,
    streams: { perProcess: streams?.perProcess ?? 200, perCaller: streams?.perCaller ?? 50 },
  };
}

export function trimSlashes(path: string): string {
  return withoutOuterSlashes(path);
}

export function isGuard(guard: unknown): boolean {
  if (typeof guard !== 'function') return false;
  return typeof (guard.prototype as Partial<CanActivate> | undefined)?.canActivate === 'function';
}

/** `/api/` as `api`. */
export function withoutOuterSlashes(path: string): string {
  let [from, to] = [0, path.length];
  while (path[from] === '/') from++;
  while (to > from && path[to - 1] === '/') to--;
  return path.slice(from, to);
}

/** The resolved options of one registration. */
export const HTTP_OPTIONS = Symbol('job-scheduler:http-options');
/** That the API's controllers have been described for OpenAPI. */
export const OPENAPI = Symbol('job-scheduler:openapi');

/** Where the API stands in the app, with its global prefix: `/api/v1/monitor`. */
export function basePath(config: ApplicationConfig, { path }: ResolvedHttpOptions): string {
  const prefix = withoutOuterSlashes(config.getGlobalPrefix());
  return prefix === '' ? `/${path}` : `/${prefix}/${path}`;
}
