/** BullMQ's queues in the memory of this process: a backend for `Queue`, `Worker`, `QueueEvents` and `FlowProducer`. */
export { MemoryBackend, type FinishedJob } from './backend/memory-backend.js';
export type { ChildrenPage, Dependencies } from './backend/queries.js';
export type { NextJobAnswer } from './commands/take-job.js';
export { createMemoryBackend, type MemoryConnection } from './create-memory-backend.js';
export type { MemoryClock } from './state/clock.js';
