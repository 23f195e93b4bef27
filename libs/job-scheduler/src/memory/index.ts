/** `nestjs-job-scheduler/memory`: BullMQ in the memory of this process, for plain BullMQ and `@nestjs/bullmq`, too. */
export {
  createMemoryBackend,
  MemoryBackend,
  type ChildrenPage,
  type Dependencies,
  type FinishedJob,
  type MemoryClock,
  type MemoryConnection,
  type NextJobAnswer,
} from '#bullmq-memory';
