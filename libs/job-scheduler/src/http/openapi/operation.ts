import type { z } from 'zod';

/** What OpenAPI says of a handler beyond its path and its parameters, which Nest knows. */
export interface Operation {
  /** What it does, in a few words. */
  readonly summary: string;
  readonly description?: string;
  readonly status: number;
  /** Of the body that it answers with; absent: none. */
  readonly answer?: z.ZodType;
  /** The statuses of the problems that it may answer with, beside those that each handler may. */
  readonly problems?: readonly number[];
  /** Headers of its answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the body of the request, where there need not be one. */
  readonly optionalBody?: z.ZodType;
  /** It reads `If-Match`. */
  readonly conditional?: boolean;
  /** The type of what it answers with, where that is not JSON. */
  readonly mediaType?: string;
}

/** Kept here and not as @nestjs/swagger's metadata, since that may not be installed. */
const operations = new Map<object, Map<string, Operation>>();

/** Describes a handler in the OpenAPI document, should the app have one. */
export function Describe(operation: Operation): MethodDecorator {
  return (prototype, name) => {
    const known = operations.get(prototype) ?? new Map<string, Operation>();
    known.set(String(name), operation);
    operations.set(prototype, known);
  };
}

/** What was said with `Describe` of the handlers of a controller. */
export function operationsOf(controller: { readonly prototype: object }): ReadonlyMap<string, Operation> {
  return operations.get(controller.prototype) ?? new Map<string, Operation>();
}
