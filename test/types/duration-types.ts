/** As `job-types.ts`: durations that must compile, and wrong ones that must not. Never run. */
import { type Duration, Job, type JobService } from 'nestjs-job-scheduler';

class Durations {
  @Job({ timeout: '1h30m', retry: { delay: '500ms', maxDelay: 60_000 }, unique: { for: '1w2d' } }) read(): void {}

  // @ts-expect-error no such unit
  @Job({ timeout: '5 minuets' }) misspelt(): void {}
  // @ts-expect-error the larger unit comes first
  @Job({ timeout: '30m1h' }) unordered(): void {}
}
void Durations;

export async function durations(service: JobService, minutes: number, text: string) {
  await service.enqueueIn('by.name', null, `${minutes}m`);
  // Checked when it runs.
  await service.enqueueIn('by.name', null, text as Duration);
  // @ts-expect-error any text may come
  await service.enqueueIn('by.name', null, text);
}
