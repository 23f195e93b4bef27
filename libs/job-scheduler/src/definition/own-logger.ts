import { Logger } from '@nestjs/common';

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

/**
 * Nest's logger, for what the library says itself. Names, ids and messages of errors come from anywhere: one event is one
 * line, whatever they hold.
 */
export class OwnLogger extends Logger {
  constructor() {
    super('JobScheduler');
  }

  override error(message: unknown, ...rest: unknown[]): void {
    super.error(...cleaned(message, rest));
  }

  override warn(message: unknown, ...rest: unknown[]): void {
    super.warn(...cleaned(message, rest));
  }

  override log(message: unknown, ...rest: unknown[]): void {
    super.log(...cleaned(message, rest));
  }

  override debug(message: unknown, ...rest: unknown[]): void {
    super.debug(...cleaned(message, rest));
  }
}

function cleaned(message: unknown, rest: readonly unknown[]): [message: unknown, ...rest: unknown[]] {
  return [
    typeof message === 'string' ? oneLine(message) : message,
    // Fields are objects, which loggers escape by themselves.
    ...rest.map((each) => (typeof each === 'string' ? stackLines(each) : each)),
  ];
}
