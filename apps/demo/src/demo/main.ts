/** `npm run demo`: a day of the newsroom in half a minute. Ends with 0 if all went as promised. */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { checks } from './checks.js';
import { demoConfig } from './demo.config.js';
import { DemoModule } from './demo.module.js';
import { DemoRun } from './demo-run.js';
import type { Outcome } from './outcome.js';
import { report } from './report.js';

async function runDemo(): Promise<Outcome> {
  const config = await demoConfig();
  console.log(`The newsroom opens. Its data goes to ${config.dataDirectory}`);
  const app = await NestFactory.createApplicationContext(DemoModule.register(config), {
    logger: ['error', 'fatal'],
    abortOnError: false,
  });
  app.enableShutdownHooks();
  try {
    return await app.get(DemoRun).run();
  } finally {
    await app.close();
  }
}

try {
  const outcome = await runDemo();
  console.log(report(outcome));
  const broken = checks(outcome).filter(({ kept }) => !kept);
  for (const { promise, found } of broken) console.error(`Not kept: ${promise} (${found})`);
  process.exitCode = broken.length === 0 ? 0 : 1;
} catch (error) {
  console.error(`\nThe demo did not get to its end: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
