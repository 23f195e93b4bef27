/** What `forRoot` was given. */
export const MODULE_OPTIONS = Symbol('nestjs-job-scheduler:module-options');
/** The same, validated and filled in. */
export const RESOLVED_OPTIONS = Symbol('nestjs-job-scheduler:resolved-options');
/** How often schedules are looked after. */
export const SCHEDULE_TIMING_TOKEN = Symbol('nestjs-job-scheduler:schedule-timing');
