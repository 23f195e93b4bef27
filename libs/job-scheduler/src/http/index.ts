export { JobSchedulerHttpModule } from './job-scheduler-http.module.js';
export { JobErrorFilter } from './job-error.filter.js';
export { fastifyUrlProblems } from './outside-controllers.js';
export type { JobSchedulerHttpOptions } from './http-options.js';
export type { Problem, ProblemIssue } from './problems/problem.js';
export type { Job, JobChange, JobPage, JobQuery, ListedJob, NewJob } from './schemas/job.schema.js';
export {
  RequestInvalidError,
  RequestTooLargeError,
  RequestTypeError,
  RouteUnknownError,
  StreamsFullError,
  type RequestIssue,
} from '../errors/request-errors.js';
