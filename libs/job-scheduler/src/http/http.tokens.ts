/** The resolved options of one registration. */
export const HTTP_OPTIONS = Symbol('job-scheduler:http-options');
/** That the API's controllers have been described for OpenAPI. */
export const OPENAPI = Symbol('job-scheduler:openapi');
