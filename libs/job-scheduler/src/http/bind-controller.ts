import { Controller, UseGuards, VERSION_NEUTRAL, type CanActivate, type Type } from '@nestjs/common';

/**
 * A controller at a path, behind guards. A class of its own, since decorators write on the class: another registration,
 * in this app or in another one of the process, has other guards.
 */
export function bindController(base: Type<object>, path: string, guards: readonly Type<CanActivate>[]): Type<object> {
  const { [base.name]: bound } = { [base.name]: class extends base {} };
  Controller({ path, version: VERSION_NEUTRAL })(bound!);
  if (guards.length > 0) UseGuards(...guards)(bound!);
  return bound!;
}
