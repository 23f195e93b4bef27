import { EventEmitter } from 'node:events';
import { Queue } from 'bullmq';
import { NotStartedError } from '../errors/store-errors.js';
import type { EngineQueue } from './ports/ports.js';

/** What Nest and promises ask of any object before they use it, and must not find on a queue, open or not. */
const ASKED_OF_ALL = new Set<PropertyKey>([
  'then',
  'constructor',
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
]);

/** How an event emitter is told of listeners: that needs no store yet. */
const LISTENING = new Set([
  'on',
  'once',
  'addListener',
  'prependListener',
  'prependOnceListener',
  'off',
  'removeListener',
]);

/** What stands behind a queue that is not open yet. */
export interface LazyQueueParts {
  /** Gives the queue itself. @throws NotStartedError before the store is open. */
  readonly open: () => EngineQueue;
  /** Opens the store. */
  readonly ready: () => Promise<void>;
  /** Calls `work` once the store is open. */
  readonly whenOpen: (work: () => void) => void;
}

/**
 * What `@InjectQueue(name)` injects: the module's BullMQ queue of that name.
 * Providers are made before the store is open, so this stands for the queue until then. A call before that opens the
 * store; a read never throws, since modules that look for decorated methods read every member of every provider.
 */
export function lazyQueue(name: string, parts: LazyQueueParts): Queue {
  const { open } = parts;
  return new Proxy(Object.create(Queue.prototype) as Queue, {
    get(target, property) {
      if (property === 'name') return name;
      if (ASKED_OF_ALL.has(property) || typeof property === 'symbol') return Reflect.get(target, property) as unknown;
      const queue = openOr(undefined, open);
      if (!queue) return beforeOpen(property, parts);
      const value = Reflect.get(queue, property) as unknown;
      return typeof value === 'function' ? (value.bind(queue) as unknown) : value;
    },
    set: (_target, property, value) => Reflect.set(open(), property, value),
  });
}

/** A method of a queue that is not open yet opens it when it is called. All else is not there yet. */
function beforeOpen(property: string, { open, ready, whenOpen }: LazyQueueParts): unknown {
  if (!isMethod(property)) return undefined;
  const call = (args: unknown[]): unknown => {
    const queue = open() as unknown as Record<string, (...args: unknown[]) => unknown>;
    return queue[property]!(...args);
  };
  if (LISTENING.has(property)) {
    return function listen(this: unknown, ...args: unknown[]): unknown {
      // Wrong arguments are an error of this call.
      Reflect.apply(Reflect.get(EventEmitter.prototype, property) as () => void, new EventEmitter(), args);
      whenOpen(() => call(args));
      return this;
    };
  }
  // What else an event emitter does, it does at once.
  if (property in EventEmitter.prototype) return (...args: unknown[]) => call(args);
  return async (...args: unknown[]) => {
    await ready();
    return call(args);
  };
}

/** Found without a getter being run, which would run on no queue. */
function isMethod(property: string): boolean {
  for (let each: object | null = Queue.prototype; each; each = Object.getPrototypeOf(each) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(each, property);
    if (descriptor) return typeof descriptor.value === 'function';
  }
  return false;
}

function openOr<T>(otherwise: T, open: () => EngineQueue): EngineQueue | T {
  try {
    return open();
  } catch (error) {
    if (error instanceof NotStartedError) return otherwise;
    throw error;
  }
}
