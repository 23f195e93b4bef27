import { Injectable, StandardSchemaValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { RequestInvalidError, type RequestIssue } from '../../errors/request-errors.js';

const PLACES: Readonly<Record<ArgumentMetadata['type'], RequestIssue['in']>> = {
  body: 'body',
  query: 'query',
  param: 'path',
  custom: 'header',
};
/** Of one answer. */
const MOST_ISSUES = 50;

/**
 * Nest's pipe for Standard Schemas, which says where in the request something is wrong. What is wrong is refused, not
 * mended: a name such as `__proto__` is not taken out in silence.
 */
@Injectable()
export class StrictPipe extends StandardSchemaValidationPipe {
  override async transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    try {
      return await super.transform(value, metadata);
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      const place = PLACES[metadata.type];
      const name = metadata.data === undefined ? [] : [metadata.data];
      throw new RequestInvalidError(
        thrown.issues
          .flatMap(eachOf)
          .slice(0, MOST_ISSUES)
          .map(({ path = [], message }) => ({ in: place, path: [...name, ...path.map(keyOf)], message })),
      );
    }
  }

  protected override exceptionFactory = (issues: readonly StandardSchemaV1.Issue[]) => new Refusal(issues);

  protected override stripProtoKeys(): void {
    // See above.
  }
}

class Refusal extends Error {
  constructor(readonly issues: readonly StandardSchemaV1.Issue[]) {
    super('refused');
  }
}

/** zod tells of all unknown names of an object at once, where the object stands. */
function eachOf(issue: StandardSchemaV1.Issue & { readonly keys?: readonly string[] }): StandardSchemaV1.Issue[] {
  const { path = [], keys } = issue;
  if (!keys) return [issue];
  return keys
    .slice(0, MOST_ISSUES)
    .map((key) => ({ path: [...path, key], message: 'Unknown name: it is not allowed here' }));
}

function keyOf(segment: PropertyKey | StandardSchemaV1.PathSegment): PropertyKey {
  return typeof segment === 'object' ? segment.key : segment;
}
