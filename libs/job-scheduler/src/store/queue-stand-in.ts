import { Queue } from 'bullmq';
import type { EngineQueue } from './ports.js';

/** What Nest and promises ask of any object before they use it, and must not find on a queue that is not open. */
const ASKED_OF_ALL = new Set<PropertyKey>([
  'then',
  'constructor',
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
]);

/**
 * What `@InjectQueue(name)` injects: the module's BullMQ queue of that name.
 * Providers are made before the store is open, so this stands for the queue until then.
 * @param open gives the queue itself; throws NotStartedError before bootstrap. Only `name` can be read until then.
 */
export function queueStandIn(name: string, open: () => EngineQueue): Queue {
  return new Proxy(Object.create(Queue.prototype) as Queue, {
    get(target, property) {
      if (property === 'name') return name;
      if (ASKED_OF_ALL.has(property) || typeof property === 'symbol') return Reflect.get(target, property) as unknown;
      const queue = open();
      const value = Reflect.get(queue, property) as unknown;
      return typeof value === 'function' ? (value.bind(queue) as unknown) : value;
    },
    set: (_target, property, value) => Reflect.set(open(), property, value),
  });
}
