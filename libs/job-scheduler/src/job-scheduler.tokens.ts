/** What `forRoot` was given. */
export const MODULE_OPTIONS = Symbol('nestjs-job-scheduler:module-options');
/** The same, validated and filled in. */
export const RESOLVED_OPTIONS = Symbol('nestjs-job-scheduler:resolved-options');
