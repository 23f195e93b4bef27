import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { JobSchedulerHealthIndicator } from './job-scheduler.health.js';

/** Provides `JobSchedulerHealthIndicator`. Import it beside `TerminusModule`, where health is checked. */
@Module({
  imports: [TerminusModule],
  providers: [JobSchedulerHealthIndicator],
  exports: [JobSchedulerHealthIndicator],
})
export class JobSchedulerHealthModule {}
