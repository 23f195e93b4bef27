import { OwnLogger } from '../../common/own-logger.js';
import { CorruptRecordError, readExecution } from '../codecs/execution-codec.js';
import type { StoredExecution } from '../ports/execution-record.js';
import type { SqlNames } from './sql-names.js';

export interface ExecutionRow {
  readonly id: string;
  readonly job: string;
  readonly queue: string;
  readonly fence: string | number;
  readonly final: string | null;
  readonly head: string | null;
  readonly attempts: readonly string[];
  readonly steps: readonly string[];
}

const logger = new OwnLogger();

/** All of an execution, in one row. The table is called `e`. */
export function executionColumns(names: SqlNames): string {
  return `e.id, e.job, e.queue, e.fence, e.final, e.head,
    ARRAY(SELECT a.record FROM ${names.attempt} a WHERE a.execution = e.id ORDER BY a.fence) AS attempts,
    ARRAY(SELECT s.record FROM ${names.step} s WHERE s.execution = e.id ORDER BY s.seq) AS steps`;
}

/** How many bytes those columns have, without reading them. */
export function executionSize(names: SqlNames): string {
  return `(coalesce(octet_length(e.head), 0)
    + coalesce((SELECT sum(octet_length(a.record)) FROM ${names.attempt} a WHERE a.execution = e.id), 0)
    + coalesce((SELECT sum(octet_length(s.record)) FROM ${names.step} s WHERE s.execution = e.id), 0))`;
}

/** Undefined, with a warning, when it cannot be read. */
export function readRowOrWarn(names: SqlNames, row: ExecutionRow): StoredExecution | undefined {
  try {
    return readExecution({
      id: row.id,
      job: row.job,
      queue: row.queue,
      fence: Number(row.fence),
      final: row.final ?? undefined,
      head: row.head ?? undefined,
      attempts: row.attempts,
      steps: row.steps.map((text, sequence) => ({ sequence, text })),
    });
  } catch (error) {
    if (!(error instanceof CorruptRecordError)) throw error;
    logger.warn(`The row ${row.id} of ${names.execution} is corrupt and is left out: ${error.message}`);
    return undefined;
  }
}
