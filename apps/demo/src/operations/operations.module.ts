import { Module } from '@nestjs/common';
import { JobSchedulerHttpModule } from 'nestjs-job-scheduler/http';
import { JobSchedulerMetricsModule } from 'nestjs-job-scheduler/metrics';
import { MyJob } from './my.job.js';
import { OperatorGuard } from './operator.guard.js';

/** For those who run the newsroom: the REST API at /v1/monitor, and /metrics. */
@Module({
  imports: [
    JobSchedulerHttpModule.register({ guards: [OperatorGuard] }),
    JobSchedulerMetricsModule.register({ guards: [OperatorGuard] }),
  ],
  providers: [MyJob],
})
export class OperationsModule {}
