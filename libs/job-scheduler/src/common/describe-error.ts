/** Makes the best of whatever a handler throws: nothing here throws, whatever it is given. */
import { inspect, types } from 'node:util';

/** An error in plain, bounded, storable text. The shape of the store's `ErrorRecord`. */
export interface ErrorText {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
}

/** Bytes of UTF-8. */
const MESSAGE_LIMIT = 8 * 1024;
const STACK_LIMIT = 16 * 1024;
/** Of a message at the head of its stack: the frames are to be there, too. */
const HEAD_LIMIT = 1024;
const WORD_LIMIT = 256;
const CAUSES_SHOWN = 5;
const DETAILS_SHOWN = 20;
/** Errors in errors, the outer one included. */
const DEEPEST = 3;

const UNSTORABLE_CHARACTERS = /[\0\p{Surrogate}]/gu;
const UNREADABLE = Symbol('unreadable');

/**
 * `thrown` itself when it is an error that can be read, else an Error that tells what was thrown.
 * Never throws.
 */
export function describeThrown(thrown: unknown): Error {
  if (isError(thrown) && isReadable(thrown)) return thrown;
  const { name, message, code, stack } = toErrorRecord(thrown);
  const error: Error & { code?: string } = new Error(message);
  // The stack of the throw, if there is one: the stack of this line would mislead.
  error.stack = stack ?? `${name}: ${message}`;
  error.name = name;
  if (code !== undefined) error.code = code;
  return error;
}

/**
 * What is stored of an error, or of anything else that was thrown: the message within 8 KiB, the stack with its causes
 * within 16 KiB, of which a message takes 1 KiB at most, without characters that a store refuses. Never throws.
 */
export function toErrorRecord(thrown: unknown): ErrorText {
  if (typeof thrown === 'string')
    return { name: 'Error', message: bounded(thrown, MESSAGE_LIMIT) || 'An empty text was thrown' };
  const errorLike = isError(thrown) || typeof textOf(thrown, 'message') === 'string';
  if (!errorLike) return { name: 'Error', message: bounded(`Thrown: ${inspected(thrown)}`, MESSAGE_LIMIT) };
  const code = codeOf(thrown);
  const stack = stackOf(thrown);
  return {
    name: bounded(textOf(thrown, 'name') ?? 'Error', WORD_LIMIT),
    message: bounded(messageOf(thrown, code), MESSAGE_LIMIT),
    ...(code !== undefined && { code: bounded(code, WORD_LIMIT) }),
    ...(stack !== undefined && { stack: bounded(stack, STACK_LIMIT) }),
  };
}

function isError(thrown: unknown): thrown is Error {
  try {
    return types.isNativeError(thrown) || thrown instanceof Error;
  } catch {
    return false;
  }
}

function isReadable(error: Error): boolean {
  const stack = read(error, 'stack');
  return (
    typeof read(error, 'name') === 'string' &&
    typeof read(error, 'message') === 'string' &&
    (typeof stack === 'string' || stack === undefined) &&
    read(error, 'code') !== UNREADABLE &&
    read(error, 'cause') !== UNREADABLE
  );
}

function messageOf(thrown: unknown, code: string | undefined): string {
  const message = textOf(thrown, 'message');
  // Node leaves the message of "connection refused on every address" empty, and Promise.any says nothing in particular:
  // the errors inside have it.
  const inner = innerMessages(thrown) || detailsOfHttp(thrown, message);
  if (message) return inner === '' ? message : `${message}: ${inner}`;
  return inner || (code ?? `${textOf(thrown, 'name') ?? 'Error'} without a message`);
}

/** Of an AggregateError: what the errors in it say, and those in them. */
function innerMessages(thrown: unknown, depth = 1): string {
  const inner = read(thrown, 'errors');
  const isAggregate = textOf(thrown, 'name') === 'AggregateError' || !textOf(thrown, 'message');
  if (!isAggregate || !Array.isArray(inner)) return '';
  const texts = inner.slice(0, CAUSES_SHOWN).map((each: unknown) => innerText(each, depth));
  return texts.join('; ') + (inner.length > CAUSES_SHOWN ? `; … (${inner.length} errors in all)` : '');
}

/**
 * Of one of Nest's HttpExceptions: what it was made with, where that is more than its message. `new BadRequestException(list)`
 * has "Bad Request Exception" for a message, and so has what a ValidationPipe throws.
 */
function detailsOfHttp(thrown: unknown, message: string | undefined): string {
  if (typeof read(thrown, 'getStatus') !== 'function') return '';
  const response = read(thrown, 'response');
  const told = read(response, 'message') ?? response;
  if (told === undefined || told === UNREADABLE || typeof told === 'string') return '';
  const list = Array.isArray(told) ? (told as unknown[]) : [told];
  const texts = list.slice(0, DETAILS_SHOWN).map((each) => (typeof each === 'string' ? each : inspected(each)));
  const all = texts.join('; ') + (list.length > DETAILS_SHOWN ? `; … (${list.length} in all)` : '');
  return all === message ? '' : all;
}

function innerText(thrown: unknown, depth: number): string {
  const message = textOf(thrown, 'message');
  if (message === undefined) return inspected(thrown);
  const inner = (depth < DEEPEST && innerMessages(thrown, depth + 1)) || detailsOfHttp(thrown, message);
  return (message && inner ? `${message}: ${inner}` : message || inner || inspected(thrown)).slice(0, MESSAGE_LIMIT);
}

function codeOf(thrown: unknown): string | undefined {
  const code = read(thrown, 'code');
  return typeof code === 'string' || typeof code === 'number' ? String(code) : undefined;
}

function stackOf(thrown: unknown): string | undefined {
  let text = frames(thrown);
  let cause = read(thrown, 'cause');
  const seen = new Set<unknown>([thrown]);
  while (cause !== undefined && cause !== UNREADABLE && !seen.has(cause) && seen.size <= CAUSES_SHOWN) {
    seen.add(cause);
    const inner = innerMessages(cause);
    text = `${text ?? ''}\nCaused by: ${frames(cause) ?? textOf(cause, 'message') ?? inspected(cause)}${inner && `: ${inner}`}`;
    cause = read(cause, 'cause');
  }
  return text;
}

/** The stack, with a long message cut short in it. */
function frames(thrown: unknown): string | undefined {
  const stack = textOf(thrown, 'stack');
  const message = textOf(thrown, 'message');
  if (stack === undefined || message === undefined || message.length <= HEAD_LIMIT) return stack;
  const at = stack.indexOf(message);
  return at < 0 ? stack : stack.slice(0, at) + bounded(message, HEAD_LIMIT) + stack.slice(at + message.length);
}

function read(thrown: unknown, field: string): unknown {
  if (thrown === null || (typeof thrown !== 'object' && typeof thrown !== 'function')) return undefined;
  try {
    return (thrown as Record<string, unknown>)[field];
  } catch {
    return UNREADABLE;
  }
}

function textOf(thrown: unknown, field: string): string | undefined {
  const value = read(thrown, field);
  return typeof value === 'string' ? value : undefined;
}

/** Does not run code of the value: no getters, no custom inspection, no proxy traps. */
function inspected(value: unknown): string {
  try {
    return inspect(value, {
      depth: 3,
      breakLength: Infinity,
      compact: true,
      customInspect: false,
      getters: false,
      showProxy: false,
      maxArrayLength: 20,
      maxStringLength: 1000,
    });
  } catch {
    return `a value of type ${typeof value} that cannot be shown`;
  }
}

function bounded(text: string, limit: number): string {
  // A character is at most three bytes of UTF-8: cut first, so that a huge text costs nothing.
  let cut = text.length > limit ? text.slice(0, limit) : text;
  cut = cut.replace(UNSTORABLE_CHARACTERS, '\uFFFD');
  if (cut.length === text.length && (cut.length * 3 <= limit || Buffer.byteLength(cut) <= limit)) return cut;
  const bytes = Buffer.from(cut).subarray(0, limit - Buffer.byteLength('…'));
  return `${bytes.toString().replace(/\uFFFD{1,4}$/, '')}…`;
}
