import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { JobSchedulerHealthModule } from 'nestjs-job-scheduler/health';
import { HealthController } from './health.controller.js';
import { JobsController } from './jobs.controller.js';

@Module({ imports: [TerminusModule, JobSchedulerHealthModule], controllers: [HealthController, JobsController] })
export class HttpModule {}
