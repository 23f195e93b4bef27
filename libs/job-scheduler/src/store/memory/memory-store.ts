import { openMemory } from '#bullmq-memory/extend';
import { OwnLogger } from '../../common/own-logger.js';
import type { Clock } from '../../common/clock.js';
import { CallTurns } from '../call-turns.js';
import type { Store } from '../ports/ports.js';
import { MemoryDeadLetterStore } from './memory-dead-letter-store.js';
import { MemoryEngine } from './memory-engine.js';
import { MemoryExecutionStore } from './memory-execution-store.js';
import { MemoryHeartbeatStore } from './memory-heartbeat-store.js';
import { MemoryMarkerStore } from './memory-marker-store.js';
import { MemoryHistoryStore } from './memory-history-store.js';
import { MemoryScheduleStore } from './memory-schedule-store.js';
import { MemorySignals } from './memory-signals.js';
import { MemoryLockStore } from './memory-lock-store.js';
import { MemoryLogStore } from './memory-log-store.js';

export interface MemoryStoreOptions {
  /** Stores of one prefix in a process share what they keep, those of another share nothing. */
  readonly prefix: string;
  readonly clock: Clock;
}

/** Keeps everything in this process. What is kept is dropped when the last store of its prefix closes. */
export function openMemoryStore({ prefix, clock }: MemoryStoreOptions): Store {
  const memory = openMemory(prefix, clock);
  new OwnLogger()[process.env.NODE_ENV === 'production' ? 'warn' : 'log'](
    'Jobs are kept in memory: they end with this process, and no other process sees them. Set connection to a Redis or PostgreSQL URL, or to file:DIR, to keep them.',
  );
  const signals = new MemorySignals(memory);
  return {
    kind: 'memory',
    address: 'memory:',
    queues: new MemoryEngine({ name: prefix, clock }, prefix, memory),
    executions: new MemoryExecutionStore(memory),
    deadLetters: new MemoryDeadLetterStore(memory, prefix),
    history: new MemoryHistoryStore(memory),
    markers: new MemoryMarkerStore(memory),
    heartbeats: new MemoryHeartbeatStore(memory),
    locks: new MemoryLockStore(memory),
    logs: new MemoryLogStore(memory),
    schedules: new MemoryScheduleStore(memory),
    signals,
    turns: new CallTurns(clock),
    ping: () => Promise.resolve(),
    now: () => Promise.resolve(clock.now()),
    // It is never lost.
    onAvailability: () => undefined,
    close: async () => {
      signals.close();
      memory.close();
    },
  };
}
