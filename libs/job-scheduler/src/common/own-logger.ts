import { Logger, type LoggerService } from '@nestjs/common';
import { redact } from '../errors/redact.js';
import { describeThrown } from './describe-error.js';

/** Control characters, line separators, and what turns the direction of a text: a log shows them as something else. */
const MISLEADING = /[\p{Control}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  const hex = code.toString(16);
  return SHORT[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex}`);
}

/** The text on one line, without ANSI codes: `a\nb` for a line break. */
export function oneLine(text: string): string {
  return text.replaceAll(MISLEADING, escaped);
}

/** A stack keeps its lines. Those that are no frame are part of a message: indented, they cannot be taken for an event. */
function stackLines(text: string): string {
  const [first = '', ...rest] = text.split(/\r?\n/).map(oneLine);
  return [first, ...rest.map((line) => (line.startsWith('    ') ? line : `    ${line}`))].join('\n');
}

let hasWarned = false;

/** A logger of the app that throws is to fail no job, no call and no process: it is told of once, on stderr. */
function safely(write: () => void): void {
  try {
    write();
  } catch (thrown) {
    if (hasWarned) return;
    hasWarned = true;
    process.emitWarning(`The app's logger threw: ${oneLine(describeThrown(thrown).message)}`, 'JobScheduler');
  }
}

/**
 * Nest's logger, for what the library says itself. Names, ids and messages of errors come from anywhere: one event is one
 * line, whatever they hold, and no secret of a connection is in it.
 */
export class OwnLogger extends Logger {
  constructor() {
    super('JobScheduler');
  }

  override error(message: unknown, ...rest: unknown[]): void {
    safely(() => super.error(...cleaned(message, rest)));
  }

  /** An error with fields and, where it is wanted, its stack: in the order in which Nest's and most other loggers take them. */
  failure(message: string, fields: object, stack: string | undefined): void {
    safely(() => {
      if (stack === undefined) return this.error(message, fields);
      if (takesStackAlone(Logger.staticInstanceRef)) this.error(message, stack);
      else this.error(message, stack, fields);
    });
  }

  override warn(message: unknown, ...rest: unknown[]): void {
    safely(() => super.warn(...cleaned(message, rest)));
  }

  override log(message: unknown, ...rest: unknown[]): void {
    safely(() => super.log(...cleaned(message, rest)));
  }

  override verbose(message: unknown, ...rest: unknown[]): void {
    safely(() => super.verbose(...cleaned(message, rest)));
  }

  override fatal(message: unknown, ...rest: unknown[]): void {
    safely(() => super.fatal(...cleaned(message, rest)));
  }

  override debug(message: unknown, ...rest: unknown[]): void {
    safely(() => super.debug(...cleaned(message, rest)));
  }
}

/**
 * nestjs-pino takes a stack only when it is all that comes with the text; fields beside it would lose it. Its logger is known
 * by a field of its own; a JobLogger wraps another one.
 */
function takesStackAlone(logger: LoggerService | undefined): boolean {
  if (logger === undefined || logger === null) return false;
  const { inner } = logger as { inner?: LoggerService };
  return 'contextName' in logger || takesStackAlone(inner);
}

function cleaned(message: unknown, rest: readonly unknown[]): [message: unknown, ...rest: unknown[]] {
  return [
    typeof message === 'string' ? oneLine(redact(message)) : message,
    // Fields are objects, which loggers escape by themselves.
    ...rest.map((each) => (typeof each === 'string' ? stackLines(redact(each)) : each)),
  ];
}
