import {
  Body,
  Controller,
  Get,
  HttpCode,
  HttpStatus,
  Param,
  Post,
  StandardSchemaValidationPipe,
  UseFilters,
  UsePipes,
} from '@nestjs/common';
import {
  ExecutionUnknownError,
  JobService,
  type JobHandle,
  type JobStatus,
  type JobSummary,
  type QueueInfo,
  type ScheduledJob,
  type Duration,
} from 'nestjs-job-scheduler';
import { EnqueueRequest } from './enqueue-request.js';
import { JobErrorsFilter } from './job-errors.filter.js';

@Controller('jobs')
@UseFilters(JobErrorsFilter)
@UsePipes(StandardSchemaValidationPipe)
export class JobsController {
  constructor(private readonly jobs: JobService) {}

  @Get()
  async overview(): Promise<{ jobs: JobSummary[]; queues: QueueInfo[]; schedules: ScheduledJob[] }> {
    const [queues, schedules] = await Promise.all([this.jobs.getQueues(), this.jobs.getScheduled()]);
    return { jobs: this.jobs.getJobs(), queues, schedules };
  }

  @Post()
  @HttpCode(HttpStatus.ACCEPTED)
  async enqueue(@Body({ schema: EnqueueRequest }) request: EnqueueRequest) {
    const { id, job, queue, duplicate } = await this.put(request);
    return { id, job, queue, duplicate, status: `/jobs/${encodeURIComponent(id)}` };
  }

  @Get(':id')
  async status(@Param('id') id: string): Promise<{ id: string; status: JobStatus }> {
    const status = await this.jobs.getStatus(id);
    if (!status) throw new ExecutionUnknownError(id);
    return { id, status };
  }

  private put({ job, payload, id, at, in: delay }: EnqueueRequest): Promise<JobHandle> {
    const options = id === undefined ? {} : { id };
    if (at !== undefined) return this.jobs.enqueueAt(job, payload, new Date(at), options);
    if (delay !== undefined) return this.jobs.enqueueIn(job, payload, delay as Duration, options);
    return this.jobs.enqueue(job, payload, options);
  }
}
