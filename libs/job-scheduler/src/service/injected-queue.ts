import { Queue } from 'bullmq';
import type { QueueHub } from './queue-hub.js';

/** What Nest, promises and inspectors ask of any object before they use it. */
const ASKED_OF_ALL = new Set<PropertyKey>(['then', 'constructor', 'onModuleInit', 'onApplicationBootstrap']);
const HOOKS = new Set<PropertyKey>(['onModuleDestroy', 'beforeApplicationShutdown', 'onApplicationShutdown']);

/**
 * What `@InjectQueue(name)` injects: the module's BullMQ queue of that name.
 * Providers are made before the store is open, so this stands for the queue until then; it opens with the store.
 * Its `name` can be read at any time; everything else throws NotStartedError before bootstrap.
 */
export function injectedQueue(hub: QueueHub, name: string): Queue {
  return new Proxy(Object.create(Queue.prototype) as Queue, {
    get(target, property) {
      if (property === 'name') return name;
      if (ASKED_OF_ALL.has(property) || HOOKS.has(property) || typeof property === 'symbol') {
        return Reflect.get(target, property) as unknown;
      }
      const queue = hub.get(name);
      const value = Reflect.get(queue, property) as unknown;
      return typeof value === 'function' ? (value.bind(queue) as unknown) : value;
    },
    set(_target, property, value) {
      return Reflect.set(hub.get(name), property, value);
    },
  });
}
