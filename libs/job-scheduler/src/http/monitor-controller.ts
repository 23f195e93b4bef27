import { applyDecorators, UseFilters, UseInterceptors, UsePipes } from '@nestjs/common';
import { BoundedBody } from './bodies/bounded-body.interceptor.js';
import { CallerScope } from './caller-scope.interceptor.js';
import { JsonOnly } from './bodies/json-only.interceptor.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { StrictPipe } from './bodies/strict-pipe.js';

/**
 * What all controllers of the API have in common. Their paths are relative to the API's; `bindController` gives them
 * that, and the guards.
 */
export const MonitorController = (): ClassDecorator =>
  applyDecorators(UseFilters(ProblemFilter), UseInterceptors(CallerScope, JsonOnly, BoundedBody), UsePipes(StrictPipe));
