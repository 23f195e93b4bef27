import { Controller, UseGuards, VERSION_NEUTRAL, type CanActivate, type Type } from '@nestjs/common';

/**
 * A controller at a path, behind guards. A class of its own, since decorators write on the class: another registration,
 * in this app or in another one of the process, has other guards.
 */
export function bindController(base: Type<object>, path: string, guards: readonly Type<CanActivate>[]): Type<object> {
  // OpenAPI makes ids of operations of the names of classes: the app may have controllers of the same names.
  const name = `${pascalCase(path)}${base.name}`;
  const { [name]: bound } = { [name]: class extends base {} };
  Controller({ path, version: VERSION_NEUTRAL })(bound!);
  if (guards.length > 0) UseGuards(...guards)(bound!);
  return bound!;
}

function pascalCase(path: string): string {
  const words = path.split(/[^a-z0-9]+/i).filter((word) => word !== '');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
