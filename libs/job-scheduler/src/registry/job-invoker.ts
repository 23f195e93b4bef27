export type { JobHandlers, JobInvoker } from '../discovery/job-invoker.js';
