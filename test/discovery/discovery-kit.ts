/** An app whose discovery has run, closed after each test, and providers for it. */
import { Injectable } from '@nestjs/common';
import { afterEach } from '@jest/globals';
import type { JobOptions } from '#src/definition/job-options.js';
import { Job } from '#src/decorators/job.decorator.js';
import { type DiscoveredApp, startApp } from './support.js';

export let started: DiscoveredApp | undefined;

afterEach(async () => {
  await started?.app.close();
  started = undefined;
});

/** One in which nothing is discovered yet. */
export async function startUndiscovered(...args: Parameters<typeof startApp>): Promise<DiscoveredApp> {
  started = await startApp(...args);
  return started;
}

export async function discover(...args: Parameters<typeof startApp>) {
  const { discover: look, registry } = await startUndiscovered(...args);
  await look();
  return registry;
}

@Job({ name: 'a' })
export class A {
  run() {
    return 'a';
  }
}

/** A provider with one method job of these options. */
export function mailer(options: JobOptions) {
  @Injectable()
  class Mailer {
    @Job(options as JobOptions & { schema?: undefined })
    send() {}
  }
  return Mailer;
}

/** What libraries for context-local storage provide: it may not be looked at outside its context. */
export function proxy(isOutside: () => boolean): object {
  const get = () => {
    if (isOutside()) throw new Error('out of context');
  };
  return new Proxy({}, { get });
}
