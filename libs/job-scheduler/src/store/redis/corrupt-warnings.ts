import { OwnLogger } from '../../common/own-logger.js';
import { CorruptRecordError } from '../codecs/execution-codec.js';
import type { StoredExecution } from '../ports/execution-record.js';
import { decodeExecution } from './execution-codec.js';
import type { RedisKeys } from './redis-keys.js';

const logger = new OwnLogger();

export function warnCorrupt(key: string, problem: string): void {
  logger.warn(`The record ${key} is corrupt and is left out: ${problem}`);
}

/** A key that a script had to make anew. */
export function warnOfType(key: string): void {
  warnCorrupt(key, 'it was of another type');
}

/** What is stored of an execution; undefined, with a warning, when it cannot be read. */
export function readOrWarn(
  keys: RedisKeys,
  id: string,
  stored: string | readonly string[],
): StoredExecution | undefined {
  try {
    return decodeExecution(id, stored);
  } catch (error) {
    if (!(error instanceof CorruptRecordError)) throw error;
    warnCorrupt(keys.execution(id), error.message);
    return undefined;
  }
}
