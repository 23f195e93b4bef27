/** `nestjs-job-scheduler/memory`: BullMQ in the memory of this process, for plain BullMQ and `@nestjs/bullmq`, too. */
export { createMemoryBackend } from '../store/memory/create-memory-backend.js';
export type { MemoryConnection } from '../store/memory/create-memory-backend.js';
export { MemoryBackend, type FinishedJob } from '../store/memory/memory-backend.js';
export type { MemoryClock } from '../store/memory/memory-time.js';
export type { ChildrenPage, Dependencies } from '../store/memory/queries.js';
export type { NextJobAnswer } from '../store/memory/take-job.js';
