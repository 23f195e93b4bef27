import type { StandardSchemaV1 } from '@standard-schema/spec';
import { toErrorRecord } from '../common/describe-error.js';
import { pathText } from '../common/value-path.js';

export interface SchemaIssue {
  /** `items[2].when`; empty for the value itself. */
  readonly path: string;
  readonly message: string;
}

export type SchemaAnswer =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly issues: readonly SchemaIssue[] };

/**
 * Checks `value` with any Standard Schema, sync or async; `value` in the answer is the schema's output.
 * A schema that throws, rejects or answers nonsense is an issue. Never rejects.
 */
export async function checkSchema(schema: StandardSchemaV1, value: unknown): Promise<SchemaAnswer> {
  try {
    const result = await schema['~standard'].validate(value);
    if (result.issues) return { ok: false, issues: readIssues(result.issues) };
    if ('value' in result) return { ok: true, value: result.value };
    return broken('it gave neither a value nor issues');
  } catch (thrown) {
    return broken(toErrorRecord(thrown).message);
  }
}

function broken(problem: string): SchemaAnswer {
  return { ok: false, issues: [{ path: '', message: `The schema could not check the value: ${problem}` }] };
}

function readIssues(issues: readonly StandardSchemaV1.Issue[]): SchemaIssue[] {
  if (issues.length === 0) return [{ path: '', message: 'The schema refuses the value and does not say why' }];
  return issues.map((issue) => ({
    path: pathText((issue.path ?? []).map((segment) => (typeof segment === 'object' ? segment.key : segment))),
    message: issue.message,
  }));
}
