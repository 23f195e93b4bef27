export type { JobProvider, RegisteredJob } from '../discovery/registered-job.js';
