/** What `forRoot` was given. */
export const MODULE_OPTIONS = Symbol('nestjs-job-scheduler:module-options');
/** The queues that `forRootAsync` names for `@InjectQueue`. */
export const QUEUE_NAMES = Symbol('nestjs-job-scheduler:queue-names');
/** The same, validated and filled in. */
export const RESOLVED_OPTIONS = Symbol('nestjs-job-scheduler:resolved-options');
/** How often schedules are looked after. */
export const SCHEDULE_TIMING_TOKEN = Symbol('nestjs-job-scheduler:schedule-timing');
