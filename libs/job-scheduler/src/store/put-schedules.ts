import { CorruptRecordError } from './codecs/execution-codec.js';
import { readSchedule, writeSchedule, type RawSchedule } from './codecs/schedule-codec.js';
import type { SchedulePut, StoredSchedule } from './ports/schedule-store.js';

/** One entry, ready to be stored. */
export interface ScheduleWrite {
  readonly id: string;
  readonly text: string;
  readonly expected: number | undefined;
}

/** What is stored after a write. `version` 0: refused. */
export interface ScheduleWritten {
  readonly version: number;
  readonly lastFire: number | undefined;
}

export interface ScheduleWriter {
  write(entries: readonly ScheduleWrite[]): Promise<ScheduleWritten[]>;
  /** As stored; a schedule that is not there is left out. */
  raw(ids: readonly string[]): Promise<RawSchedule[]>;
}

/** Stores schedules. A record that cannot be read counts as none, so that it can be made anew. */
export async function putSchedules(
  writer: ScheduleWriter,
  entries: readonly SchedulePut[],
): Promise<(StoredSchedule | undefined)[]> {
  if (entries.length === 0) return [];
  const writes = entries.map(({ data, expected }) => ({ id: data.id, text: writeSchedule(data), expected }));
  const written = await writer.write(writes);
  const refused = writes.flatMap(({ id, expected }, index) =>
    expected === 0 && written[index]!.version === 0 ? [id] : [],
  );
  if (refused.length > 0) {
    const corrupt = new Map((await writer.raw(refused)).filter(isCorrupt).map(({ id, version }) => [id, version]));
    const again = writes.flatMap((write, index) =>
      write.expected === 0 && written[index]!.version === 0 && corrupt.has(write.id) ? [index] : [],
    );
    const mended =
      again.length === 0 ? [] : await writer.write(again.map((index) => replacing(writes[index]!, corrupt)));
    again.forEach((index, place) => (written[index] = mended[place]!));
  }
  return writes.map(({ id, text }, index) => {
    const { version, lastFire } = written[index]!;
    return version === 0 ? undefined : readSchedule({ id, version, text, lastFire });
  });
}

function replacing(write: ScheduleWrite, versions: ReadonlyMap<string, number>): ScheduleWrite {
  return { ...write, expected: versions.get(write.id) };
}

function isCorrupt(raw: RawSchedule): boolean {
  try {
    readSchedule(raw);
    return false;
  } catch (error) {
    if (error instanceof CorruptRecordError) return true;
    throw error;
  }
}
