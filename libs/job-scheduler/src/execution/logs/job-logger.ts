import { inspect } from 'node:util';
import { ConsoleLogger, type LoggerService, type LogLevel } from '@nestjs/common';
import type { JobLogLevel } from '../../definition/job-log-line.js';
import { toStorableJson } from '../../common/json.js';
import { jobScope } from '../job-scope.js';

const LEVELS: Readonly<Record<LogLevel, JobLogLevel>> = {
  verbose: 'debug',
  debug: 'debug',
  log: 'log',
  warn: 'warn',
  error: 'error',
  fatal: 'error',
};

export interface JobLoggerOptions {
  /** Levels that go to the log of the execution. The wrapped logger gets all, and has levels of its own. @default all */
  readonly levels?: readonly LogLevel[];
}

/**
 * A logger for `app.useLogger()`: what code writes with Nest's `Logger` while it runs inside a job also goes to that
 * execution's log, with the logger's context in its data. Outside of jobs it is the logger that it wraps.
 *
 * Once one has been made, jobs that start are followed through all that they await, which costs every job some time.
 *
 * @example
 * ```ts
 * const app = await NestFactory.create(AppModule, { bufferLogs: true });
 * app.useLogger(new JobLogger());
 * ```
 */
export class JobLogger implements LoggerService {
  private readonly levels: ReadonlySet<LogLevel>;

  /** @param inner default: Nest's own `ConsoleLogger`. */
  constructor(
    private readonly inner: LoggerService = new ConsoleLogger(),
    options: JobLoggerOptions = {},
  ) {
    this.levels = new Set(options.levels ?? (Object.keys(LEVELS) as LogLevel[]));
    jobScope.follow();
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.inner.log(message, ...rest);
    this.route('log', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.inner.error(message, ...rest);
    this.route('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.inner.warn(message, ...rest);
    this.route('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.inner.debug?.(message, ...rest);
    this.route('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.inner.verbose?.(message, ...rest);
    this.route('verbose', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.inner.fatal?.(message, ...rest);
    this.route('fatal', message, rest);
  }

  setLogLevels(levels: LogLevel[]): void {
    this.inner.setLogLevels?.(levels);
  }

  private route(level: LogLevel, message: unknown, rest: readonly unknown[]): void {
    const job = this.levels.has(level) ? jobScope.current() : undefined;
    if (!job) return;
    // Nest puts the context last; before it, of errors, the stack.
    const context = typeof rest.at(-1) === 'string' ? rest.at(-1) : undefined;
    const details = rest.slice(0, context === undefined ? undefined : -1).filter((detail) => detail !== undefined);
    const data = {
      ...(context !== undefined && { context }),
      ...(details.length > 0 && { details: details.map(plain) }),
    };
    job.add(textOf(message), Object.keys(data).length > 0 ? data : undefined, LEVELS[level]);
  }
}

function textOf(message: unknown): string {
  if (typeof message === 'string') return message;
  return message instanceof Error ? (message.stack ?? message.message) : inspect(message, { depth: 4 });
}

function plain(detail: unknown): unknown {
  return toStorableJson(detail).ok ? detail : inspect(detail, { depth: 4 });
}
