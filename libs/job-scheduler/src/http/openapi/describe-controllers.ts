import { STATUS_CODES } from 'node:http';
import type { Type } from '@nestjs/common';
import { z } from 'zod';
import { PROBLEM_TYPE } from '../problems/problem.js';
import { operationsOf, type Operation } from './operation.js';

type Swagger = typeof import('@nestjs/swagger');

const NOT_FOUND = new Set<unknown>(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

/** What any request may be answered with: refused by a guard, wrong in itself, or the store is away. */
const PROBLEMS_OF_ALL = [400, 401, 403, 500, 503];

/** As it stands in the document. */
class MonitorProblem {}

const PROBLEM_FIELDS = {
  type: { type: 'string', description: 'urn:nestjs-job-scheduler:error: and the code.' },
  title: { type: 'string' },
  status: { type: 'integer' },
  detail: { type: 'string', description: 'What is wrong, and what to do about it.' },
  instance: { type: 'string', description: 'The path of the request.' },
  code: { type: 'string', description: 'To branch on.' },
  errors: {
    required: false,
    type: 'array',
    items: {
      type: 'object',
      properties: {
        pointer: { type: 'string', description: 'Where in the body, as a JSON Pointer.' },
        parameter: { type: 'string', description: 'Which parameter of the path or of the query.' },
        header: { type: 'string' },
        detail: { type: 'string' },
        code: { type: 'string' },
      },
      required: ['detail'],
    },
  },
} as const;

const described = new Set<object>();

/**
 * Tells `@nestjs/swagger` what Nest's own metadata does not say: summaries, answers, problems. Does nothing where it is
 * not installed.
 * @param controllers with the part of the document in which they stand.
 */
export async function describeControllers(controllers: ReadonlyMap<Type<object>, string>): Promise<void> {
  const swagger = await loadSwagger();
  if (!swagger) return;
  for (const [controller, tag] of controllers) {
    if (described.has(controller)) continue;
    described.add(controller);
    swagger.ApiTags(tag)(controller);
    swagger.ApiExtraModels(MonitorProblem)(controller);
    for (const [name, operation] of operationsOf(controller)) describe(swagger, controller.prototype, name, operation);
  }
  if (described.has(MonitorProblem)) return;
  described.add(MonitorProblem);
  for (const [name, field] of Object.entries(PROBLEM_FIELDS))
    swagger.ApiProperty(field as object)(MonitorProblem.prototype, name);
}

function describe(swagger: Swagger, prototype: object, name: string, operation: Operation): void {
  const handler = Object.getOwnPropertyDescriptor(prototype, name)!;
  const {
    summary,
    description,
    status,
    answer,
    problems = [],
    headers,
    conditional,
    mediaType,
    optionalBody,
  } = operation;
  const decorators: MethodDecorator[] = [
    swagger.ApiOperation({ summary, ...(description !== undefined && { description }) }),
    swagger.ApiResponse({
      status,
      description: STATUS_CODES[status] ?? '',
      ...(answer && { standardSchema: answer }),
      ...(mediaType !== undefined && { content: { [mediaType]: { schema: { type: 'string' } } } }),
      ...(headers && { headers: headersOf(headers) }),
    }),
    ...[...new Set([...PROBLEMS_OF_ALL, ...problems])].map((each) =>
      swagger.ApiResponse({
        status: each,
        description: STATUS_CODES[each] ?? '',
        content: { [PROBLEM_TYPE]: { schema: { $ref: swagger.getSchemaPath(MonitorProblem) } } },
      }),
    ),
  ];
  if (optionalBody) {
    const { $schema: _, ...schema } = z.toJSONSchema(optionalBody, { target: 'openapi-3.0', io: 'input' });
    decorators.push(swagger.ApiBody({ required: false, schema: schema as object }));
  }
  if (conditional)
    decorators.push(
      swagger.ApiHeader({
        name: 'If-Match',
        required: false,
        description:
          'The ETag of the job as it was read: 412 when somebody has changed it since. Default: the last writer wins.',
        schema: { type: 'string' },
      }),
    );
  for (const decorate of decorators) decorate(prototype, name, handler);
}

function headersOf(headers: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' as const } }]),
  );
}

async function loadSwagger(): Promise<Swagger | undefined> {
  try {
    return await import('@nestjs/swagger');
  } catch (error) {
    if (NOT_FOUND.has((error as { code?: unknown }).code)) return undefined;
    throw error;
  }
}
